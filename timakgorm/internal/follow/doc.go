// Package follow records what code of the user's changes, where the user names the
// rows: Follow, Exec and Touch.
//
// It knows the packages outbox, guard, session, statement, dialect and model.
package follow
