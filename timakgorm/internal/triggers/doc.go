// Package triggers captures changes by triggers in the database: it writes their SQL,
// installs them, and checks before a write that they are there.
//
// It imports outbox, session, statement, dialect, model and sqltext.
package triggers
