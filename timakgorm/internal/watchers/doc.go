// Package watchers tells those who watch timelines that these may have changed.
//
// The relay of this process tells it of each timeline that it writes (Watchers.Tell). Those
// of other processes say so on Postgres by NOTIFY, with the settlement of a batch
// (Watchers.Notes), for which a process listens as long as somebody watches, if it has linked
// what listens (Listen). Otherwise it takes it from time to time that all have changed; on
// SQLite only if the file has.
package watchers
