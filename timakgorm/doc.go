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
// place: raw SQL on a tracked table (see RawSQL), creates from maps, tables by
// another name than the model's, a FROM in an update or delete, INSERT OR …,
// and upserts without conflict columns, over columns that the database fills
// in, that set the primary key or, on Postgres, have a WHERE. What does not pass through GORM is not seen at all: other
// programs, and the database's own cascades and triggers.
//
// In a transaction of their own users must heed errors, as always with GORM:
// one that ignores the error of a statement and commits may commit the row
// without its timelines.
//
// SQLite databases must be opened so that transactions take the write lock at
// their beginning (_txlock=immediate) and wait for it (busy_timeout).
package timakgorm
