// Package timakgorm keeps timelines up to date with the tables of a GORM
// application.
//
// A model names its timelines in tags (Timeline, Rule). The plugin follows
// every create, update, upsert and delete that goes through GORM: what each
// statement changed is written to an outbox table in the statement's own
// transaction, so that a rollback, a savepoint or a crash undoes both. The
// relay, Plugin.Run, carries what is committed to the timelines; it may run in
// any number of processes, be killed and come back.
//
//	plugin, err := timakgorm.New(timelines, nil)
//	err = plugin.Register(&Post{})    // checks the rules
//	err = timakgorm.Migrate(ctx, db)  // the outbox
//	err = db.Use(plugin)
//	go plugin.Run(ctx)
//
// # What it needs of GORM
//
// GORM offers no callback after the commit of a transaction that the user
// opened, and none that sees which rows a statement is about. So nothing but
// an outbox written beside the rows is right, and the rows are found by taking
// the place of the statement's connection for the moment of its run.
//
// # What it cannot follow
//
// A write whose rows cannot be known returns ErrUncaptured and does not take
// place: raw SQL that names a tracked table (see RawSQL, and Exec and Follow,
// which name the rows), INSERT and UPDATE OR FAIL, OR REPLACE where a unique
// index is one of an expression, a list of tables or a hint in the place of a
// table's name, and an upsert that sets the primary key of rows which it finds
// by other than plain values. What does not pass through GORM is not seen: other
// programs, the user's own triggers, and a table's name that a block of code puts
// together. With Options.Capture Triggers all of that is seen, as the database
// itself records the changes.
//
// # Which table a name means
//
// A tracked table is the one that a fresh connection of the pool finds by the
// model's table name. A session may find another by that name: on Postgres its
// search_path leads elsewhere, or a temporary table hides the tracked one. What it
// writes there is not followed, as triggers would not see it either. Writes that
// name the tracked table with its schema are followed from any session. Callbacks
// refuse a write through a view of a tracked table, and one of a table that only
// the session finds. So all connections of a pool must begin with the same
// search_path, and a session that sets another must set it back, or use SET LOCAL.
//
// Foreign keys pass on what happens to other tables, however many keys away, and are
// followed from deletes and updates that GORM builds. They are not, and the log is
// told which table may have changed by which keys, from SQL of the user's own, TRUNCATE
// and DROP; from an upsert that sets a column which others refer to; where a key sets
// a primary key, or belongs to a part of the table; and where the role may not see and
// lock all the rows. What this program changes of the foreign keys is known at once,
// what others change, after a minute.
//
// With either, the table to be named is the tracked one: a write that names a
// partition of it, or a table that inherits from it, returns ErrUncaptured; where
// another program makes it, triggers see it if Plugin.InstallTriggers has found
// that table. And DDL is no write of rows: when a
// tracked table has lost or gained a partition, has been dropped, or has a column
// that was computed anew, the log is told if this program did it, and Rebuild,
// with the keys that no row has any more, makes the timelines right.
//
// A transaction in which a change could not be recorded is not committed, unless
// it goes back to an earlier savepoint; on SQLite this does not hold inside
// db.Connection and other plugins' pools: heed errors there.
//
// # When rules change
//
// All programs of one outbox need the same rules, as any of them may relay what
// another has written. While programs with new rules take the place of those with
// old ones, nothing is lost silently: a change that lacks a column which a rule
// names is recorded anew from its row, and one that has a column which no rule
// names is applied as far as the rules go and left to a program that has the
// others, with a line in the log. Nobody having taken it for a day, it is a dead
// letter, to be retried or, if the rule is no more, discarded. But a program with
// old rules does not record what only a new rule would notice, nor where that rule
// would have had the row before, and where the rules of each name a column that
// those of the other do not, the change of one may be taken for the other's. So
// run Plugin.Rebuild of the model when the last program with old rules has
// stopped.
//
// # When in doubt
//
// Plugin.Verify compares timelines with the tables, Plugin.Rebuild makes them
// agree; both may run beside everything else. Plugin.DeadLetters lists changes
// that could not be applied, Plugin.Stats says how far the relay is.
//
// SQLite databases must be opened so that transactions take the write lock at
// their beginning (_txlock=immediate) and wait for it (busy_timeout).
package timakgorm
