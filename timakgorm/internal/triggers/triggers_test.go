package triggers_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// sqlWrites are statements that other programs may run on posts, for both
// databases or one.
var sqlWrites = []struct{ dialect, sql string }{
	{"", "INSERT INTO posts (id, author_id, title, published, created_at) VALUES (30, 1, 'raw', true, '2026-01-01 00:09:00+00:00')"},
	{"", "INSERT INTO posts (id, author_id, title, published, created_at) SELECT id + 30, author_id, title, published, created_at FROM posts"},
	{"", "UPDATE posts SET author_id = 2"},
	{"", "UPDATE posts SET author_id = 2 WHERE id IN (10, 11, 14)"},
	{"", "UPDATE posts SET id = id + 100"},
	{"", "UPDATE posts SET id = 11 - id WHERE id IN (10)"},
	{"", "UPDATE posts SET deleted_at = '2026-01-01 00:09:00+00:00', author_id = 7"},
	{"", "UPDATE posts SET deleted_at = NULL, author_id = 3, id = 99 WHERE id = 14"},
	{"", "UPDATE posts SET author_id = NULL WHERE id = 10"},
	{"", "DELETE FROM posts"},
	{"", "DELETE FROM posts WHERE id = 14"},
	{"", "WITH w AS (SELECT id FROM posts WHERE author_id = 1) DELETE FROM posts WHERE id IN (SELECT id FROM w)"},
	{"", "INSERT INTO posts (id, author_id, title, published, created_at) VALUES (10, 2, 'a', true, '2026-01-01 00:08:00+00:00'), " +
		"(31, 2, 'b', true, '2026-01-01 00:08:00+00:00') ON CONFLICT (id) DO UPDATE SET author_id = excluded.author_id + 1, title = 'met'"},
	{"", "INSERT INTO posts (id, author_id, title, published) VALUES (10, 2, 'i', true) ON CONFLICT DO NOTHING"},
	{"", "INSERT INTO posts (id, author_id, published) VALUES (10, 2, true) ON CONFLICT (id) DO UPDATE SET id = 98"},
	{"", "UPDATE posts SET title = a.name, author_id = a.id + 2 FROM authors a WHERE a.id = posts.author_id"},
	{"", "UPDATE posts SET body = 'not named'"},

	{"postgres", "TRUNCATE posts"},
	{"postgres", "TRUNCATE authors, posts RESTART IDENTITY CASCADE"},
	{"postgres", "DELETE FROM posts p USING authors a WHERE a.id = p.author_id AND a.name = 'ann'"},
	{"postgres", "MERGE INTO posts p USING (VALUES (10), (11), (40)) v(id) ON v.id = p.id " +
		"WHEN MATCHED AND v.id = 10 THEN DELETE WHEN MATCHED THEN UPDATE SET author_id = 6 " +
		"WHEN NOT MATCHED THEN INSERT (id, author_id, title, published, created_at) VALUES (v.id, 6, 'm', true, '2026-01-01 00:08:00+00:00')"},
	{"postgres", "DO $$ BEGIN UPDATE posts SET author_id = 5; DELETE FROM posts WHERE id = 11; EXECUTE 'UPDATE po' || 'sts SET title = ''dynamic'''; END $$"},
	{"postgres", "COPY posts (id, author_id, title, published, created_at) FROM PROGRAM 'echo 50,1,copied,t,2026-01-01 00:08:00+00' WITH (FORMAT csv)"},

	{"sqlite", "REPLACE INTO posts (id, author_id, title, published, created_at) VALUES (10, 2, 'r', 1, '2026-01-01 00:08:00+00:00'), (32, 2, 'r', 1, '2026-01-01 00:08:00+00:00')"},
	{"sqlite", "INSERT OR REPLACE INTO posts (id, author_id, title, published) VALUES (10, 2, 'i', 0)"},
	{"sqlite", "REPLACE INTO posts (id, author_id, published, deleted_at) VALUES (10, 2, 1, '2026-01-01 00:08:00+00:00')"},
	{"sqlite", "INSERT OR IGNORE INTO posts (id, author_id, title, published, created_at) VALUES (10, 2, 'i', 1, '2026-01-01 00:08:00+00:00'), (33, 1, 'i', 1, '2026-01-01 00:08:00+00:00')"},
	{"sqlite", "UPDATE OR REPLACE posts SET id = 11 WHERE id = 10"},
	{"sqlite", "UPDATE OR REPLACE posts SET id = 14 WHERE id = 10"},
	{"sqlite", "UPDATE posts SET rowid = 97 WHERE id = 10"},
}

// TestTriggers_otherPrograms: what a program writes that knows nothing of timak,
// at once, in a transaction, and in one that is rolled back.
func TestTriggers_otherPrograms(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.TriggerWorld(t, world.Setup{Dialect: dialect})
		stranger := w.Stranger()
		for _, write := range sqlWrites {
			if write.dialect != "" && write.dialect != dialect {
				continue
			}
			w.Reset()
			w.Seed()
			w.Check()
			before := w.Posts()
			tx, err := stranger.BeginTx(t.Context(), nil)
			w.Must(err)
			if _, err := tx.ExecContext(t.Context(), write.sql); err != nil {
				t.Fatalf("%s: %v", write.sql, err)
			}
			w.Must(tx.Rollback())
			if n := w.Outbox(); n != 0 || w.Posts() != before {
				t.Fatalf("%s, rolled back: %d rows in the outbox", write.sql, n)
			}
			_, err = stranger.ExecContext(t.Context(), write.sql)
			w.Must(err)
			if w.Check(); t.Failed() {
				t.Fatalf("after %s", write.sql)
			}
		}
	})
}

// TestTriggers_raw: raw SQL through GORM is neither refused nor missed, and wakes
// the relay.
func TestTriggers_raw(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.TriggerWorld(t, world.Setup{Dialect: dialect})
		w.Seed()
		w.Check()
		var ids []uint
		w.Must(w.DB.Exec("UPDATE posts SET author_id = ? WHERE id = ?", 2, 10).Error)
		w.Must(w.DB.Raw("UPDATE posts SET author_id = 7 WHERE id = 11 RETURNING id").Scan(&ids).Error)
		w.Must(w.DB.Transaction(func(tx *gorm.DB) error {
			return tx.Exec("DELETE FROM posts WHERE id = 12").Error
		}))
		w.Check()
		w.WantIDs("author:7:posts", "posts:11")
		w.WantIDs("author:2:posts", "posts:10")
	})
}

// Folders are deleted with the files in them, drawers without.
type cascadeFolder struct{ ID uint }

type cascadeFile struct {
	ID        uint
	FolderID  uint
	DrawerID  *uint
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=drawer:{DrawerID}"`
}

// TestTriggers_cascades: the database's own deletes and updates.
func TestTriggers_cascades(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		dsn := world.NewDSN(t, dialect)
		if dialect == "sqlite" {
			dsn += "&_pragma=foreign_keys(1)"
		}
		plain := world.OpenDSN(t, dialect, dsn, nil)
		for _, statement := range []string{
			"CREATE TABLE folders (id bigint PRIMARY KEY)",
			"CREATE TABLE drawers (id bigint PRIMARY KEY)",
			`CREATE TABLE cascade_files (id bigint PRIMARY KEY, folder_id bigint REFERENCES folders ON DELETE CASCADE,
				drawer_id bigint REFERENCES drawers ON DELETE SET NULL ON UPDATE CASCADE, created_at timestamp)`,
			"INSERT INTO folders VALUES (1), (2)",
			"INSERT INTO drawers VALUES (1), (2)",
		} {
			if err := plain.Exec(statement).Error; err != nil {
				t.Fatal(err)
			}
		}
		w := world.TriggerWorld(t, world.Setup{Dialect: dialect, DSN: dsn, Models: []any{}, Tracked: []any{&cascadeFile{}}})
		drawer := []uint{1, 2}
		w.Must(w.DB.Create(&[]cascadeFile{
			{ID: 1, FolderID: 1, DrawerID: &drawer[0], CreatedAt: world.At(1)},
			{ID: 2, FolderID: 2, DrawerID: &drawer[0], CreatedAt: world.At(2)},
			{ID: 3, FolderID: 2, DrawerID: &drawer[1], CreatedAt: world.At(3)},
		}).Error)
		w.WantIDs("drawer:1", "cascade_files:2", "cascade_files:1")
		w.Must(w.DB.Table("folders").Where("id = 1").Delete(&cascadeFolder{}).Error)
		w.WantIDs("drawer:1", "cascade_files:2")
		w.Must(w.DB.Exec("UPDATE drawers SET id = 9 WHERE id = 1").Error)
		w.WantIDs("drawer:1")
		w.WantIDs("drawer:9", "cascade_files:2")
		w.Must(w.DB.Exec("DELETE FROM drawers").Error)
		w.WantIDs("drawer:9")
		w.WantIDs("drawer:2")
	})
}

// TestTriggers_unchanged: a write that changes nothing a rule names records
// nothing.
func TestTriggers_unchanged(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.TriggerWorld(t, world.Setup{Dialect: dialect})
		w.Seed()
		w.Drain()
		for _, statement := range []string{
			"UPDATE posts SET body = 'b'", "UPDATE posts SET author_id = author_id, title = title", "UPDATE posts SET author_id = 9 WHERE id = 999",
			"UPDATE posts SET author_id = 7 WHERE id = 14", "DELETE FROM posts WHERE id = 14",
			"INSERT INTO posts (id, author_id) VALUES (10, 9) ON CONFLICT DO NOTHING",
			"INSERT INTO posts (id, author_id) VALUES (10, 9) ON CONFLICT (id) DO UPDATE SET body = 'c'",
			"INSERT INTO posts (id, author_id, published, deleted_at) VALUES (66, 9, true, '2026-01-01 00:08:00+00:00')",
		} {
			w.Must(w.DB.Exec(statement).Error)
			if n := w.Outbox(); n != 0 {
				t.Errorf("%s: %d rows in the outbox, want none", statement, n)
			}
		}
	})
}

// TestTriggers_install: triggers that are missing, outdated or disabled are an
// error of each write and of Run, until they are installed.
func TestTriggers_install(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect, Options: &timakgorm.Options{Capture: timakgorm.Triggers}})
		install := func() { w.Helper(); w.Must(w.Plugin.InstallTriggers(t.Context(), w.DB)) }
		refused := func(says string) {
			t.Helper()
			err := w.DB.Create(&world.Post{AuthorID: 1, Published: true}).Error
			run := runBriefly(w.Another(&timakgorm.Options{Capture: timakgorm.Triggers}))
			for _, err := range []error{err, run} {
				if !errors.Is(err, timakgorm.ErrTriggers) || !strings.Contains(err.Error(), "posts") || !strings.Contains(err.Error(), says) {
					t.Errorf("got %v, want ErrTriggers that says posts and %q", err, says)
				}
			}
			if n := w.Count("posts"); n != 0 {
				t.Fatal("the post has been written")
			}
		}
		refused("missing")
		install()
		w.Must(w.DB.Create(&world.Post{ID: 1, AuthorID: 1, Published: true}).Error)
		w.Must(w.DB.Unscoped().Delete(&world.Post{}, 1).Error)
		drop := "DROP TRIGGER timak_update_posts"
		if dialect == "postgres" {
			drop = "DROP TRIGGER timak_update ON posts"
		}
		w.Must(w.DB.Exec(drop).Error)
		refused("missing")
		install()
		if dialect == "postgres" {
			w.Must(w.DB.Exec("ALTER TABLE posts DISABLE TRIGGER timak_delete").Error)
			refused("disabled")
			install()
		}
		w.Must(w.DB.Migrator().DropTable(&world.Post{}))
		w.Must(w.DB.AutoMigrate(&world.Post{}))
		refused("missing")
		install()

		other, err := timakgorm.New(w.Timelines, &timakgorm.Options{Capture: timakgorm.Triggers})
		w.Must(err)
		w.Must(other.Register(timakgorm.Track[world.Post](timakgorm.Rule{Key: "body:{Body}"})))
		db := world.OpenDSN(t, dialect, w.DSN, nil)
		w.Must(db.Use(other))
		if err := db.Create(&world.Post{}).Error; !errors.Is(err, timakgorm.ErrTriggers) || !strings.Contains(err.Error(), "outdated") {
			t.Errorf("other rules: got %v, want ErrTriggers that says outdated", err)
		}
		w.Must(other.InstallTriggers(t.Context(), db))
		w.Must(db.Create(&world.Post{Body: "b"}).Error)
		w.Must(other.Drain(t.Context()))
		if got := w.IDs("body:b"); len(got) != 1 {
			t.Errorf("body:b: got %v, want an item", got)
		}
	})
}

// runBriefly runs the relay until it ends by itself, or patience does.
func runBriefly(w *world.World) error {
	ctx, cancel := context.WithTimeout(w.Context(), world.Patience/6)
	defer cancel()
	return w.Plugin.Run(ctx)
}

// TestTriggers_drop: triggers and callbacks do not go together, and DropTriggers
// leaves nothing behind.
func TestTriggers_drop(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.TriggerWorld(t, world.Setup{Dialect: dialect})
		callbacks := w.Another(nil)
		post := world.Post{ID: 20, AuthorID: 1, Published: true, CreatedAt: world.At(1)}
		if err := callbacks.DB.Create(&post).Error; !errors.Is(err, timakgorm.ErrTriggers) {
			t.Errorf("create with callbacks beside triggers: got %v, want ErrTriggers", err)
		}
		if err := runBriefly(callbacks); !errors.Is(err, timakgorm.ErrTriggers) {
			t.Errorf("run with callbacks beside triggers: got %v, want ErrTriggers", err)
		}
		w.Must(callbacks.Plugin.DropTriggers(t.Context(), callbacks.DB))
		w.Must(callbacks.DB.Create(&post).Error)
		if n := w.Outbox(); n != 1 {
			t.Errorf("got %d rows in the outbox, want 1", n)
		}
		left := "SELECT count(*) FROM sqlite_master WHERE type = 'trigger'"
		if dialect == "postgres" {
			left = "SELECT (SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'timak%') + (SELECT count(*) FROM pg_proc WHERE proname LIKE 'timak%' AND prorettype = 'trigger'::regtype)"
		}
		var n int
		w.Must(w.DB.Raw(left).Scan(&n).Error)
		if n != 0 {
			t.Errorf("%d triggers and functions are left", n)
		}
		callbacks.Check()
	})
}

// TestTriggerSQL: the printed text does what InstallTriggers does, and the other
// one undoes it.
func TestTriggerSQL(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect, Options: &timakgorm.Options{Capture: timakgorm.Triggers}})
		up, err := w.Plugin.TriggerSQL(dialect)
		w.Must(err)
		down, err := w.Plugin.TriggerDownSQL(dialect)
		w.Must(err)
		stranger := w.Stranger()
		for range 2 { // also in place of themselves
			_, err = stranger.ExecContext(t.Context(), up)
			w.Must(err)
		}
		w.Seed()
		w.Check()
		_, err = stranger.ExecContext(t.Context(), down)
		w.Must(err)
		other := w.Another(&timakgorm.Options{Capture: timakgorm.Triggers})
		if err := other.DB.Delete(&world.Post{}, 10).Error; !errors.Is(err, timakgorm.ErrTriggers) {
			t.Errorf("after the down script: got %v, want ErrTriggers", err)
		}
		if _, err := w.Plugin.TriggerSQL("mysql"); err == nil {
			t.Error("mysql: got no error")
		}
	})
}

// TestTriggers_installTogether: processes that start at the same time.
func TestTriggers_installTogether(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect, Options: &timakgorm.Options{Capture: timakgorm.Triggers}})
		var installers []func()
		for range 6 {
			other := w.Another(&timakgorm.Options{Capture: timakgorm.Triggers})
			installers = append(installers, func() {
				if err := other.Plugin.InstallTriggers(context.Background(), other.DB); err != nil {
					t.Error(err)
				}
			})
		}
		world.AtOnce(installers...)
		w.Seed()
		w.Check()
	})
}

// TestTriggers_wakeUp: the commit of what triggers have recorded wakes the
// relay, whichever way the write took.
func TestTriggers_wakeUp(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		for _, config := range []gorm.Config{{}, {SkipDefaultTransaction: true}, {PrepareStmt: true}} {
			w := world.TriggerWorld(t, world.Setup{Dialect: dialect, Config: &config, Options: &timakgorm.Options{Poll: time.Hour}})
			stop := w.Run()
			for i, write := range []func(db *gorm.DB) error{
				func(db *gorm.DB) error { return db.Create(&world.Post{ID: 1, AuthorID: 1, Published: true}).Error },
				func(db *gorm.DB) error { return db.Exec("UPDATE posts SET author_id = 2").Error },
				func(db *gorm.DB) error { return db.Model(&world.Post{ID: 1}).Update("author_id", 3).Error },
				func(db *gorm.DB) error {
					return db.Transaction(func(tx *gorm.DB) error { return tx.Exec("UPDATE posts SET author_id = 4").Error })
				},
				func(db *gorm.DB) error { return db.Delete(&world.Post{}, 1).Error },
			} {
				w.Must(write(w.DB))
				w.Await(fmt.Sprintf("the relay to be woken by write %d", i), func() bool { return w.Outbox() == 0 })
			}
			stop()
		}
	})
}
