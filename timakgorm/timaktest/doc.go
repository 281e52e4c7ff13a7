// Package timaktest helps an application to test its timelines, without a store, without a
// relay in the background, and without waiting.
//
//	func TestPublish(t *testing.T) {
//		db := …                                  // the test's own database, with the tables
//		timelines := timaktest.Use(t, db, nil, &Post{})
//
//		post := Post{AuthorID: 7, Published: true}
//		publish(db, &post)                       // what is to be tested
//		timelines.Relay(t)
//		timelines.RequireOn(t, timakgorm.Key("author:{}:posts", 7), &post)
//	}
//
// [Use] puts a plugin to use in a database, with the rules of the application's models. The
// timelines are in memory. Nothing reaches them until [Timelines.Relay] applies what is
// committed, so that a test decides when: before or after a rollback, an edit, an outage.
// With Options.Deliver OnCommit they follow each commit, as in the application.
//
// Timelines.Plugin and Timelines.Engine go where the application has its plugin and what
// timak.New returned: into a handler, for example. A write counts when it is committed; a
// test that writes in a transaction which it rolls back relays nothing.
//
// Tests may share a Postgres, one after another. Each opens a *gorm.DB of its own on the
// common pool, and empties the application's tables; Use empties timak's:
//
//	db, err := gorm.Open(postgres.New(postgres.Config{Conn: pool}))
//
// [Store] is where the timelines are. It fails where a test says so, to show what an
// application does while its store is away.
package timaktest
