// Package session is what this process knows of the connections that its statements
// run on: what the name of a table means there, which version of the schema they
// see, their savepoints, and their commits.
//
// It knows the packages statement, dialect, model and sqltext.
package session
