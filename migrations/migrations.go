// Package migrations holds the SQL of timak's own tables, in one folder per
// dialect, in golang-migrate's naming.
//
// Point your own migration tool at FS, or call timakgorm.Migrate.
package migrations

import "embed"

// FS holds postgres/NNNN_name.up.sql and .down.sql, and sqlite/ likewise.
//
//go:embed postgres/*.sql sqlite/*.sql
var FS embed.FS
