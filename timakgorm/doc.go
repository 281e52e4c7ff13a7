// Package timakgorm keeps timelines up to date with the tables of a GORM
// application.
//
// A model names its timelines in struct tags (Timeline, Rule). The plugin follows
// every create, update, upsert and delete that goes through GORM. It writes what
// each statement changed to an outbox table in the statement's own transaction, so a
// rollback, a savepoint or a crash undoes both. The relay, Plugin.Run, applies
// committed changes to the timelines. It may run in any number of processes, be
// killed and be restarted.
//
//	plugin, err := timakgorm.New(timelines, nil)
//	err = plugin.Register(&Post{})    // checks the rules
//	err = timakgorm.Migrate(ctx, db)  // the outbox
//	err = db.Use(plugin)
//	err = plugin.Run(ctx)             // the relay, in a goroutine of its own
//
// The guide in docs/guide leads from an empty folder to production. Package timaktest is for
// an application's own tests.
//
// # Home feeds
//
// A Timeline with audience= publishes its rows, and a Subscription says which timelines
// get them: all those that subscribe to the text of the row's source. After Drain, such
// a timeline has the newest items of all sources to which it subscribes, up to its
// capacity, and nothing else; what has fallen off its end, Page reads from the tables.
// Several models may publish in one audience, and several may subscribe. A timeline that
// also gets items by a key= needs a source= in that rule.
//
// An audience that SQL cannot say is a function of your own: see Audience.
//
// A change of a row that many timelines show reaches them in parts. Changes of other rows
// do not wait for it, later ones of the same row do, and a relay that is killed goes on at
// the last part. A new subscription copies what was published before. On Postgres the
// relay locks those rows FOR SHARE while it reads them. If they stay locked by others for
// a tenth of a second, it tries again later. On SQLite it reads all rows of the source.
//
// The relay asks for the rows of a source, and for the subscriptions to it. So on both
// sides there should be an index on the columns of source=, followed on the publishing
// side by the date, and one on those of the subscription's key=.
//
// # Why there is an outbox
//
// GORM has no callback after the commit of a transaction that the application
// opened, and none that knows which rows a statement affects. So changes are
// recorded next to the rows, in the same transaction. To find the rows, the plugin
// replaces the statement's connection while the statement runs.
//
// # What it costs
//
// With Callbacks on Postgres most statements carry their own record: they read the rows
// under lock, change them and write the outbox in one statement, and take as many round
// trips as without the plugin. SQLite has no network; there the rows are read and recorded
// by statements around the user's. On Postgres too, in these cases:
//
//   - the table has a trigger or a rule, partitions, or tables that inherit from it
//   - foreign keys pass the change on to a tracked table
//   - the statement sets the primary key, or names other tables by FROM or USING
//   - it is an upsert of several rows, or its values do not say which row it meets
//   - it returns an expression, or another plugin has added SQL to its clauses
//   - the transaction is REPEATABLE READ or SERIALIZABLE: it cannot see whether its table
//     has a trigger by now
//
// docs/benchmarks.md has the figures, for Triggers too.
//
// # What it cannot follow
//
// A write whose rows cannot be known returns ErrUncaptured and does not take place:
//
//   - raw SQL that names a tracked table; see RawSQL, and Exec and Follow, which
//     name the rows
//   - INSERT OR FAIL and UPDATE OR FAIL
//   - OR REPLACE where a unique index is on an expression
//   - a list of tables, or a hint, in place of a table's name
//   - an upsert that sets the primary key, and does not find its rows by plain values
//
// What does not pass through GORM is not seen: other programs, the application's own
// database triggers, and a table whose name a block of code puts together. With
// Options.Capture Triggers all of that is seen, because the database itself records
// the changes.
//
// # Which table a name means
//
// A tracked table is the one that a fresh connection of the pool finds by the
// model's table name. A session may find another table by that name: on Postgres its
// search_path leads elsewhere, or a temporary table hides the tracked one. Writes to
// the other table are not followed; triggers do not see them either. Writes that
// name the tracked table with its schema are followed from any session. Callbacks
// refuse a write through a view of a tracked table, and a write to a table that only
// the session finds. So all connections of a pool must start with the same
// search_path, and a session that sets another must set it back, or use SET LOCAL.
//
// Name the tracked table itself: a write that names a partition of it, or a table
// that inherits from it, returns ErrUncaptured. If another program makes such a
// write, triggers see it, provided Plugin.InstallTriggers has found that partition
// or table.
//
// # Foreign keys and DDL
//
// Foreign keys change rows of other tables. Callbacks follow them, through any
// number of keys, from deletes and updates that GORM builds. In these cases they do
// not, and the log says which table may have changed by which keys:
//
//   - raw SQL, TRUNCATE and DROP
//   - an upsert that sets a column which other tables refer to
//   - a key that sets a primary key, or belongs to a partition
//   - a role that may not see and lock all the rows
//
// The plugin knows at once what this program changes of the foreign keys, and after
// a minute what others change.
//
// DDL is not followed. When a tracked table has gained or lost a partition, was
// dropped, or has a column that was recomputed, run Rebuild, and run it again for the
// keys that no row has any more (RebuildOptions.Keys). The log says so if this program
// ran the DDL.
//
// # Transactions after an error
//
// A transaction in which a change could not be recorded fails to commit, unless it
// rolls back to an earlier savepoint. On SQLite this does not hold inside
// db.Connection and under another plugin's pool: check errors there.
//
// # When the store loses timelines
//
// A store that keeps its data in memory, or whose replica takes over, may lose what it
// has acknowledged; then it is a driver.Marker, as redisstore's is. The relay sets a
// mark in such a store behind each batch, and remembers it in the transaction in which
// the batch leaves the outbox. That is one more round trip a batch; other stores are
// spared it. If the store has restarted while a batch was written, the batch is written
// again. If a mark is gone, the store has lost what came before it: the relay logs
// that, Stats.Lost tells of it in all programs, and changes go on being delivered. The
// relay asks as well when there is nothing to do, within a minute at Options.Poll's
// default and above.
//
// Rebuild of everything makes the loss good, by hand or by
// Options.RebuildAfterLoss. On a key that no row has any more, an item may be back that
// was removed: name such keys in RebuildOptions.Keys.
//
// A database's timelines belong into one store. Another one has none of the marks, and
// counts as a loss, unless Plugin.AcceptStore says that the timelines were copied to it. If
// two programs relay to two stores at once, the one that began last goes on, and the
// other one applies no more changes and says so. It goes on when it is started again, when
// its Rebuild or AcceptStore is called, or three minutes after the first one has ended;
// then it says that it lacks what that one has relayed. A program whose store is no
// driver.Marker notices a change of the store within a minute. A store that wraps another
// one must pass Mark on.
//
// # When rules change
//
// All programs that share an outbox need the same rules, because any of them may
// relay what another has written. While programs with new rules replace those with
// old ones, nothing is lost silently. A change that lacks a column that a rule names
// is recorded again from its row. A change with a column that no rule names is
// applied as far as the rules go, is left to a program that has the others, and is
// logged. If none has taken it after a day, it becomes a dead letter: retry it, or
// discard it if the rule is gone.
//
// But a program with old rules does not record what only a new rule would notice,
// nor where that rule would have placed the row before. And if the old and the new
// rules each name a column that the others do not, a change of one program may be
// taken for the other's. So run Plugin.Rebuild of the model when the last program
// with old rules has stopped. With Triggers on SQLite the first rule with an id=, in any
// model, changes the triggers of all tables.
//
// # When in doubt
//
// Plugin.Verify compares timelines with the tables, and Plugin.Rebuild makes them
// agree; both may run beside everything else. Plugin.DeadLetters lists changes that
// could not be applied, and Plugin.Stats says how far the relay is behind, and whether
// the store has lost timelines.
//
// SQLite databases must be opened so that transactions take the write lock when they
// begin (_txlock=immediate) and wait for it (busy_timeout).
package timakgorm
