// Package cascade knows the foreign keys that lead to tracked tables: a graph that it
// reads from the database, and the course of a change through that graph.
package cascade
