// Package migrations holds the SQL of timak's own tables, in golang-migrate's naming:
// a folder per database with the tables of timakgorm, and pgstore with the table of
// that store. Each folder needs a version table of its own.
//
// Point your own migration tool at FS, or call timakgorm.Migrate and pgstore.Migrate.
package migrations

import "embed"

// FS holds postgres/NNNN_name.up.sql and .down.sql, and sqlite/ and pgstore/ likewise.
//
//go:embed postgres/*.sql sqlite/*.sql pgstore/*.sql
var FS embed.FS
