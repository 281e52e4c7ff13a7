// Package triggers captures changes by triggers of the database: it writes their SQL,
// installs them, and checks before a write that they are there.
//
// It knows the packages outbox, session, statement, dialect, model and sqltext.
package triggers
