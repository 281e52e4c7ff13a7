// Package cascade is the foreign keys that lead to tracked tables: a graph that is
// read from the database, and the course of a change through it.
//
// It knows the packages guard, session, statement, dialect, model and sqltext.
package cascade
