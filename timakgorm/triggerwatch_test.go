package timakgorm_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
)

// dropInsert takes away the trigger that records new posts.
func (w *world) dropInsert() string {
	if w.dialect == "postgres" {
		return "DROP TRIGGER timak_insert ON posts"
	}
	return "DROP TRIGGER timak_insert_posts"
}

// wantRefused writes a post, which must be refused.
func (w *world) wantRefused(about string, err error) {
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
		"create": func(db *gorm.DB) error { return db.Create(&Post{ID: 2, AuthorID: 1, Published: true}).Error },
		"create in a session": func(db *gorm.DB) error {
			return db.Connection(func(tx *gorm.DB) error { return tx.Create(&Post{ID: 2}).Error })
		},
		"update": func(db *gorm.DB) error { return db.Model(&Post{ID: 1}).Update("author_id", 2).Error },
		"raw": func(db *gorm.DB) error {
			return db.Transaction(func(tx *gorm.DB) error { return tx.Exec("UPDATE posts SET author_id = 2").Error })
		},
		"raw at once": func(db *gorm.DB) error { return db.Exec("UPDATE posts SET author_id = 2").Error },
		"ignored": func(db *gorm.DB) error {
			return db.Transaction(func(tx *gorm.DB) error {
				if err := tx.Create(&Post{ID: 2}).Error; err == nil {
					return errors.New("the create has no error")
				}
				return nil
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := triggerWorld(t, setup{dialect: "postgres"})
			w.must(w.db.Create(&Post{ID: 1, AuthorID: 1, Published: true}).Error)
			w.drain()
			tx := w.db.Begin()
			w.must(tx.Exec("ALTER TABLE posts RENAME TO posts_old").Error)
			w.must(tx.Exec("CREATE TABLE posts (LIKE posts_old INCLUDING ALL)").Error)
			w.must(tx.Exec("INSERT INTO posts SELECT * FROM posts_old").Error)
			waited := make(chan error, 1)
			go func() { waited <- write(w.db) }()
			w.await("the writer to wait", func() bool {
				var n int
				w.must(w.db.Raw("SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())").Scan(&n).Error)
				return n > 0
			})
			w.must(tx.Commit().Error)
			w.wantRefused("the writer that waited", <-waited)
			err := write(w.db)
			w.must(w.plugin.InstallTriggers(t.Context(), w.db))
			switch name {
			case "ignored": // the commit only
				w.must(err)
			case "raw at once": // it has taken place
				w.wantRefused("a later one", err)
				_, err := w.plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{Keys: []string{"author:1:posts", "author:2:posts"}})
				w.must(err)
			default:
				w.wantRefused("a later one", err)
				w.check()
				w.must(write(w.db))
			}
			w.check()
		})
	}
}

// TestTriggers_installRolledBack: triggers that were right in a transaction are
// gone with it.
func TestTriggers_installRolledBack(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		for _, config := range []gorm.Config{{}, {PrepareStmt: true}} {
			w := newWorld(t, setup{dialect: dialect, config: &config, options: &timakgorm.Options{Capture: timakgorm.Triggers}})
			create := func(db *gorm.DB) error { return db.Create(&Post{AuthorID: 1, Published: true, CreatedAt: at(1)}).Error }
			tx := w.db.Begin()
			w.must(w.plugin.InstallTriggers(t.Context(), tx))
			w.must(create(tx))
			w.must(tx.Rollback().Error)
			w.wantRefused("after the rollback", create(w.db))
			w.must(w.plugin.InstallTriggers(t.Context(), w.db))
			w.must(create(w.db))
			tx = w.db.Begin()
			w.must(w.plugin.DropTriggers(t.Context(), tx))
			w.wantRefused("in the transaction", create(tx))
			w.must(tx.Rollback().Error)
			w.must(create(w.db))
			w.check()
		}
	})
}

// TestTriggers_installInSession: in a session nobody sees whether a transaction
// ends well.
func TestTriggers_installInSession(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, setup{dialect: dialect, options: &timakgorm.Options{Capture: timakgorm.Triggers}})
		create := func(db *gorm.DB) error { return db.Create(&Post{AuthorID: 1, Published: true, CreatedAt: at(1)}).Error }
		w.must(w.db.Connection(func(db *gorm.DB) error {
			tx := db.Begin()
			w.must(w.plugin.InstallTriggers(t.Context(), tx))
			w.must(create(tx))
			return tx.Rollback().Error
		}))
		w.wantRefused("after the rollback", create(w.db))
		w.must(w.plugin.InstallTriggers(t.Context(), w.db))
		w.must(w.db.Connection(create))
		w.check()
	})
}

// TestTriggers_dropped: DDL is noticed, whichever way it takes.
func TestTriggers_dropped(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w := triggerWorld(t, setup{dialect: dialect})
		drop := w.dropInsert()
		ways := map[string]func(*gorm.DB) error{
			"exec": func(db *gorm.DB) error { return db.Exec(drop).Error },
			"scan": func(db *gorm.DB) error { return db.Raw(drop).Scan(&[]int{}).Error },
			"find": func(db *gorm.DB) error { return db.Raw(drop).Find(&[]Post{}).Error },
			"rows": func(db *gorm.DB) error {
				rows, err := db.Raw(drop).Rows()
				if err != nil {
					return err
				}
				defer func() { w.must(rows.Close()) }()
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
			w.must(w.plugin.InstallTriggers(t.Context(), w.db))
			w.must(w.db.Create(&Post{AuthorID: 1, Published: true, CreatedAt: at(1)}).Error)
			w.must(way(w.db))
			w.wantRefused(name+": create", w.db.Create(&Post{AuthorID: 1, Published: true, CreatedAt: at(1)}).Error)
			w.wantRefused(name+": raw", w.db.Exec("INSERT INTO posts (author_id) VALUES (1)").Error)
			w.wantRefused(name+": raw scan", w.db.Raw("INSERT INTO posts (author_id) VALUES (1) RETURNING id").Scan(new(int)).Error)
		}
		w.check()
	})
}

// TestTriggers_droppedInTransaction: while a transaction has taken a trigger
// away, it may not write, others may, and what they are told does not hold after
// its commit.
func TestTriggers_droppedInTransaction(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w := triggerWorld(t, setup{dialect: dialect})
		create := func(db *gorm.DB) error { return db.Create(&Post{AuthorID: 1, Published: true, CreatedAt: at(1)}).Error }
		other := w.another(&timakgorm.Options{Capture: timakgorm.Triggers})
		for _, end := range []func(*gorm.DB) *gorm.DB{(*gorm.DB).Rollback, (*gorm.DB).Commit} {
			tx := w.db.Begin()
			w.must(tx.Exec(w.dropInsert()).Error)
			if dialect == "postgres" { // they read the catalogue, and wait for nobody
				ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
				if err := create(w.db.WithContext(ctx)); err == nil || errors.Is(err, timakgorm.ErrTriggers) {
					t.Errorf("of another: got %v, want the end of its context", err)
				}
				cancel()
			}
			w.wantRefused("in the transaction", create(tx))
			w.must(end(tx).Error)
		}
		w.wantRefused("after the commit", create(w.db))
		w.wantRefused("of another that looks for the first time", create(other.db))
		w.must(w.plugin.InstallTriggers(t.Context(), w.db))
		w.must(create(w.db))
		w.must(create(other.db))
		w.check()
	})
}

// TestTriggers_manyChange: writers and changes of the schema at the same time
// lose nothing.
func TestTriggers_manyChange(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w := triggerWorld(t, setup{dialect: dialect})
		const writers, writes = 4, 15
		actions := []func(){func() {
			for i := range writes {
				err := w.db.Transaction(func(tx *gorm.DB) error {
					if err := tx.Exec(w.dropInsert()).Error; err != nil {
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
				if err := w.plugin.InstallTriggers(context.Background(), w.db); err != nil {
					t.Error(err)
				}
			}
		}}
		for n := range writers {
			actions = append(actions, func() {
				for i := range writes {
					post := Post{AuthorID: uint(n), Title: fmt.Sprint(i), Published: true, CreatedAt: at(i)}
					if err := w.db.Create(&post).Error; err != nil && !errors.Is(err, timakgorm.ErrTriggers) {
						t.Error(err)
					}
				}
			})
		}
		atOnce(actions...)
		w.check()
	})
}
