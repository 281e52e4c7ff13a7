// Package relay carries changes from the outbox to the timelines: it folds the changes
// of a row, groups them by timeline, writes each timeline once, and settles. Relays
// share the rows out by advisory locks; a commit may wait for its own changes.
//
// It knows the packages outbox, dialect and model, and the engine.
package relay
