// Package watchers tells those who watch timelines that these may have changed.
//
// The relay of this process tells it of each timeline that it writes (Watchers.Tell). Those
// of other processes say so on Postgres by NOTIFY, with the settlement of a batch
// (Watchers.Notes), for which a process listens as long as somebody watches. Otherwise the
// process looks from time to time whether the database has changed.
package watchers
