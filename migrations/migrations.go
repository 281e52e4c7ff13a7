// Package migrations holds the SQL of timak's own tables, for every database
// in a folder of its dialect's name, in golang-migrate's naming.
//
// Those who have a migration tool point it at FS; others call
// timakgorm.Migrate.
package migrations

import "embed"

// FS holds postgres/NNNN_name.up.sql and .down.sql, and sqlite/ likewise.
//
//go:embed postgres/*.sql sqlite/*.sql
var FS embed.FS
