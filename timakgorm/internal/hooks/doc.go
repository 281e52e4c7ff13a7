// Package hooks captures changes by GORM's callbacks. A capture takes the place of a
// statement's connection while it runs: it locks and reads the old rows, narrows the
// statement to them, and records what became of them.
//
// It knows the packages outbox, cascade, guard, session, statement, dialect, model
// and sqltext.
package hooks
