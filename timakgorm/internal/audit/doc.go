// Package audit compares timelines with the tables, and repairs them: Verify and
// Rebuild.
//
// It knows the packages relay, outbox, dialect, model and sqltext, and the engine.
package audit
