// Package dialect is what differs between databases: names, parameters, and the
// SQL of one tracked table. To add a database, begin in dialect.go.
package dialect
