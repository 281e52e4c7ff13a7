// Package dialect is what differs between databases: names, parameters, and the SQL
// of one tracked table. A new database begins in dialect.go.
//
// It knows the packages model and sqltext. It writes SQL; of what others run, it
// only reads the rows and the errors.
package dialect
