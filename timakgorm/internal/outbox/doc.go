// Package outbox holds timak's own tables: it records changes and draws their
// versions, reads the changes that are due, settles them, keeps dead letters, and
// migrates the tables.
package outbox
