// Package pgstore keeps timelines in Postgres 13 or later: the one that an application
// has already. Any number of programs, on any number of machines, may share a table.
//
//	err := pgstore.Migrate(ctx, dsn, nil)
//	store, err := pgstore.Open(ctx, dsn, nil)
//
// A read and a write are one statement and one round trip each. When Put returns, the
// value is committed. Readers never wait. Writers of one key wait for each other, for
// the length of a statement.
//
// # The pool
//
// Open makes a pool of its own. Settings of the pool are part of the DSN, such as
// pool_max_conns=20; the default is four connections, or one for each processor if
// these are more. A connection that was idle for a second is asked first whether it
// still works, in a round trip more. To share the application's pool, use New. With
// GORM, share it this way:
//
//	pool, err := pgxpool.New(ctx, dsn)
//	db, err := gorm.Open(postgres.New(postgres.Config{Conn: stdlib.OpenDBFromPool(pool)}))
//	store, err := pgstore.New(pool, nil)
//
// A pooler between program and server, such as PgBouncer in transaction mode, may need
// default_query_exec_mode=exec in the DSN. Migrate needs a session, so give it the
// server's own address.
//
// # Failover, and restored backups
//
// A failover to a standby that lags behind, or a backup that is restored, loses
// acknowledged writes as it loses any other transaction. No write of a program that
// runs on can make it worse: tokens from before cover nothing that was written
// afterwards. If the outbox of timakgorm is in the same database, it is as old as the
// timelines: what they have lost is there again, and goes to them again. Otherwise, run
// timakgorm.Plugin.Rebuild.
//
// On a standby the store can be read, and may be behind.
//
// # The table
//
// A row is a key with its siblings. To look at it:
//
//	SELECT encode(key, 'escape'), octet_length(value), cardinality(other_dots) FROM timak_timelines
//
// A key that begins with \000seen\000 is that of a place which a reader has seen: see
// timak.Timelines.MarkSeen. To remove timelines that nobody reads any more, such as those
// of a template that has changed, delete their rows:
//
//	DELETE FROM timak_timelines WHERE key = 'author:7:posts'
//
// A put rewrites the row, and the value with it: this is the price of a page that is
// one fetch. A change of a few items of a timeline of 16 KB or more only adds to the row, until
// it has 16 additions, and leaves the value where it is. Values above 2 KB are in the table's TOAST table, in chunks, uncompressed,
// as they are compressed already, and so that a first page reads only the first of them.
//
// A put writes to the WAL, which standbys and archives receive too: 1.2 KB for a value of
// 1 KB, 10.5 KB for 9 KB, 102 KB for 90 KB; a row of 200 bytes in a table with two indexes
// takes 0.5 KB (BenchmarkPut). To keep it low,
// store ids alone, with less than timak.Options.MaxItems for timelines of many writers;
// the engine and timakgorm's relay join changes of one key.
//
// # Autovacuum
//
// Each put leaves a dead row, and dead chunks. Pages of the table itself are cleaned on
// the way, as half of each is left free (fillfactor). Chunks need vacuum, which the
// table's own settings start early and let run at full speed. But Postgres looks for
// tables only every autovacuum_naptime, a minute by default, and what puts leave until
// then stays in the file, to be used again. With 64 writers in 4 processes on one key
// for a minute, TOAST grew to 1.2 GB over an engine a process, and to 5 GB without one;
// with a naptime of 5 seconds it grew no more, and shrank to a tenth (TestHotKey, with
// TIMAK_TEST_HOT=60s). If you have such keys, set autovacuum_naptime to 5s.
//
// Watch the size, the dead chunks and the time of the last vacuum:
//
//	SELECT s.relname, pg_size_pretty(pg_table_size(s.relid)), s.n_live_tup, s.n_dead_tup, s.last_autovacuum
//	FROM pg_class c JOIN pg_stat_all_tables s ON s.relid IN (c.oid, c.reltoastrelid)
//	WHERE c.relname = 'timak_timelines'
//
// If dead chunks grow although vacuum runs, something keeps the old rows: a transaction
// that stays open (pg_stat_activity.backend_xmin), a replication slot that nobody reads
// (pg_replication_slots.xmin), a prepared transaction (pg_prepared_xacts), or a standby
// with hot_standby_feedback.
package pgstore
