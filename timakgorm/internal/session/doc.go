// Package session is what this process knows of the connections that its
// statements run on: what a table's name means there, which version of the schema
// they see, their savepoints, and their commits.
package session
