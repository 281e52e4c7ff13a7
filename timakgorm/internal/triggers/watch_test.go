package triggers_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// dropInsert takes away the trigger that records new posts.
func dropInsert(w *world.World) string {
	if w.Dialect == "postgres" {
		return "DROP TRIGGER timak_insert ON posts"
	}
	return "DROP TRIGGER timak_insert_posts"
}

// wantRefused writes a post, which must be refused.
func wantRefused(w *world.World, about string, err error) {
	w.Helper()
	if !errors.Is(err, timakgorm.ErrTriggers) {
		w.Errorf("%s: got %v, want ErrTriggers", about, err)
	}
}

// TestTriggers_changedMeanwhile: a writer waits for a transaction that takes the
// table's triggers away, with what it was told of them before.
func TestTriggers_changedMeanwhile(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(*gorm.DB) error{
		"create": func(db *gorm.DB) error { return db.Create(&world.Post{ID: 2, AuthorID: 1, Published: true}).Error },
		"create in a session": func(db *gorm.DB) error {
			return db.Connection(func(tx *gorm.DB) error { return tx.Create(&world.Post{ID: 2}).Error })
		},
		"update": func(db *gorm.DB) error { return db.Model(&world.Post{ID: 1}).Update("author_id", 2).Error },
		"raw": func(db *gorm.DB) error {
			return db.Transaction(func(tx *gorm.DB) error { return tx.Exec("UPDATE posts SET author_id = 2").Error })
		},
		"raw at once": func(db *gorm.DB) error { return db.Exec("UPDATE posts SET author_id = 2").Error },
		"ignored": func(db *gorm.DB) error {
			return db.Transaction(func(tx *gorm.DB) error {
				if err := tx.Create(&world.Post{ID: 2}).Error; err == nil {
					return errors.New("the create has no error")
				}
				return nil
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := world.TriggerWorld(t, world.Setup{Dialect: "postgres"})
			w.Must(w.DB.Create(&world.Post{ID: 1, AuthorID: 1, Published: true}).Error)
			w.Drain()
			tx := w.DB.Begin()
			w.Must(tx.Exec("ALTER TABLE posts RENAME TO posts_old").Error)
			w.Must(tx.Exec("CREATE TABLE posts (LIKE posts_old INCLUDING ALL)").Error)
			w.Must(tx.Exec("INSERT INTO posts SELECT * FROM posts_old").Error)
			waited := make(chan error, 1)
			go func() { waited <- write(w.DB) }()
			w.Await("the writer to wait", func() bool {
				var n int
				w.Must(w.DB.Raw("SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())").Scan(&n).Error)
				return n > 0
			})
			w.Must(tx.Commit().Error)
			wantRefused(w, "the writer that waited", <-waited)
			err := write(w.DB)
			w.Must(w.Plugin.InstallTriggers(t.Context(), w.DB))
			switch name {
			case "ignored": // the commit only
				w.Must(err)
			case "raw at once": // it has taken place
				wantRefused(w, "a later one", err)
				_, err := w.Plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{Keys: []string{"author:1:posts", "author:2:posts"}})
				w.Must(err)
			default:
				wantRefused(w, "a later one", err)
				w.Check()
				w.Must(write(w.DB))
			}
			w.Check()
		})
	}
}

// TestTriggers_installRolledBack: triggers that were right in a transaction are
// gone with it.
func TestTriggers_installRolledBack(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		for _, config := range []gorm.Config{{}, {PrepareStmt: true}} {
			w := world.New(t, world.Setup{Dialect: dialect, Config: &config, Options: &timakgorm.Options{Capture: timakgorm.Triggers}})
			create := func(db *gorm.DB) error {
				return db.Create(&world.Post{AuthorID: 1, Published: true, CreatedAt: world.At(1)}).Error
			}
			tx := w.DB.Begin()
			w.Must(w.Plugin.InstallTriggers(t.Context(), tx))
			w.Must(create(tx))
			w.Must(tx.Rollback().Error)
			wantRefused(w, "after the rollback", create(w.DB))
			w.Must(w.Plugin.InstallTriggers(t.Context(), w.DB))
			w.Must(create(w.DB))
			tx = w.DB.Begin()
			w.Must(w.Plugin.DropTriggers(t.Context(), tx))
			wantRefused(w, "in the transaction", create(tx))
			w.Must(tx.Rollback().Error)
			w.Must(create(w.DB))
			w.Check()
		}
	})
}

// TestTriggers_installInSession: in a session nobody sees whether a transaction
// ends well.
func TestTriggers_installInSession(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect, Options: &timakgorm.Options{Capture: timakgorm.Triggers}})
		create := func(db *gorm.DB) error {
			return db.Create(&world.Post{AuthorID: 1, Published: true, CreatedAt: world.At(1)}).Error
		}
		w.Must(w.DB.Connection(func(db *gorm.DB) error {
			tx := db.Begin()
			w.Must(w.Plugin.InstallTriggers(t.Context(), tx))
			w.Must(create(tx))
			return tx.Rollback().Error
		}))
		wantRefused(w, "after the rollback", create(w.DB))
		w.Must(w.Plugin.InstallTriggers(t.Context(), w.DB))
		w.Must(w.DB.Connection(create))
		w.Check()
	})
}

// TestTriggers_dropped: DDL is noticed, whichever way it takes.
func TestTriggers_dropped(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.TriggerWorld(t, world.Setup{Dialect: dialect})
		drop := dropInsert(w)
		ways := map[string]func(*gorm.DB) error{
			"exec": func(db *gorm.DB) error { return db.Exec(drop).Error },
			"scan": func(db *gorm.DB) error { return db.Raw(drop).Scan(&[]int{}).Error },
			"find": func(db *gorm.DB) error { return db.Raw(drop).Find(&[]world.Post{}).Error },
			"rows": func(db *gorm.DB) error {
				rows, err := db.Raw(drop).Rows()
				if err != nil {
					return err
				}
				defer func() { w.Must(rows.Close()) }()
				for rows.Next() {
				}
				return rows.Err()
			},
			"transaction": func(db *gorm.DB) error {
				return db.Transaction(func(tx *gorm.DB) error { return tx.Exec(drop).Error })
			},
			"session": func(db *gorm.DB) error {
				return db.Connection(func(tx *gorm.DB) error { return tx.Exec(drop).Error })
			},
		}
		if dialect == "postgres" {
			ways["block"] = func(db *gorm.DB) error { return db.Exec("DO $$ BEGIN " + drop + "; END $$").Error }
			ways["text"] = func(db *gorm.DB) error { return db.Exec("DO 'BEGIN EXECUTE ''" + drop + "''; END'").Error }
		}
		for name, way := range ways {
			w.Must(w.Plugin.InstallTriggers(t.Context(), w.DB))
			w.Must(w.DB.Create(&world.Post{AuthorID: 1, Published: true, CreatedAt: world.At(1)}).Error)
			w.Must(way(w.DB))
			wantRefused(w, name+": create", w.DB.Create(&world.Post{AuthorID: 1, Published: true, CreatedAt: world.At(1)}).Error)
			wantRefused(w, name+": raw", w.DB.Exec("INSERT INTO posts (author_id) VALUES (1)").Error)
			wantRefused(w, name+": raw scan", w.DB.Raw("INSERT INTO posts (author_id) VALUES (1) RETURNING id").Scan(new(int)).Error)
		}
		w.Check()
	})
}

// TestTriggers_droppedInTransaction: while a transaction has taken a trigger
// away, it may not write, others may, and what they are told does not hold after
// its commit.
func TestTriggers_droppedInTransaction(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.TriggerWorld(t, world.Setup{Dialect: dialect})
		create := func(db *gorm.DB) error {
			return db.Create(&world.Post{AuthorID: 1, Published: true, CreatedAt: world.At(1)}).Error
		}
		other := w.Another(&timakgorm.Options{Capture: timakgorm.Triggers})
		for _, end := range []func(*gorm.DB) *gorm.DB{(*gorm.DB).Rollback, (*gorm.DB).Commit} {
			tx := w.DB.Begin()
			w.Must(tx.Exec(dropInsert(w)).Error)
			if dialect == "postgres" { // they read the catalogue, and wait for nobody
				ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
				if err := create(w.DB.WithContext(ctx)); err == nil || errors.Is(err, timakgorm.ErrTriggers) {
					t.Errorf("of another: got %v, want the end of its context", err)
				}
				cancel()
			}
			wantRefused(w, "in the transaction", create(tx))
			w.Must(end(tx).Error)
		}
		wantRefused(w, "after the commit", create(w.DB))
		wantRefused(w, "of another that looks for the first time", create(other.DB))
		w.Must(w.Plugin.InstallTriggers(t.Context(), w.DB))
		w.Must(create(w.DB))
		w.Must(create(other.DB))
		w.Check()
	})
}

// TestTriggers_manyChange: writers and changes of the schema at the same time
// lose nothing.
func TestTriggers_manyChange(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.TriggerWorld(t, world.Setup{Dialect: dialect})
		const writers, writes = 4, 15
		actions := []func(){func() {
			for i := range writes {
				err := w.DB.Transaction(func(tx *gorm.DB) error {
					if err := tx.Exec(dropInsert(w)).Error; err != nil {
						return err
					}
					if i%2 == 0 {
						return errors.New("undo")
					}
					return nil
				})
				if i%2 == 0 == (err == nil) {
					t.Errorf("drop %d: got %v", i, err)
				}
				if err := w.Plugin.InstallTriggers(context.Background(), w.DB); err != nil {
					t.Error(err)
				}
			}
		}}
		for n := range writers {
			actions = append(actions, func() {
				for i := range writes {
					post := world.Post{AuthorID: uint(n), Title: fmt.Sprint(i), Published: true, CreatedAt: world.At(i)}
					if err := w.DB.Create(&post).Error; err != nil && !errors.Is(err, timakgorm.ErrTriggers) {
						t.Error(err)
					}
				}
			})
		}
		world.AtOnce(actions...)
		w.Check()
	})
}
