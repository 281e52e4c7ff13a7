// Package pgxlisten lets Plugin.Watch hear at once of what other processes write, on Postgres:
//
//	import _ "github.com/timak-go/timak/timakgorm/pgxlisten"
//
// The process then has a connection of pgx that listens, beside its pool, as long as anybody
// watches. It is a package of its own so that programs which do not use pgx need not link it.
package pgxlisten
