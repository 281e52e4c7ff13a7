// Package relay carries changes from the outbox to the timelines: it folds the changes
// of each row, groups them by timeline, writes each timeline once, and settles. On
// Postgres relays divide the rows among themselves by advisory locks. A commit may
// wait for its own changes. A store that may lose what it has acknowledged is asked
// whether it has.
package relay
