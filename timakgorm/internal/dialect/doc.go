// Package dialect is what differs between databases: names, parameters, and the
// SQL of one tracked table. To add a database, begin in dialect.go.
//
// It imports the packages model and sqltext. It writes SQL; of the statements
// that others run, it only reads the rows and the errors.
package dialect
