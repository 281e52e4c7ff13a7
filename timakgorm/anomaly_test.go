package timakgorm_test

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
)

// errRollback is a user's reason to roll back.
var errRollback = errors.New("roll back")

// phantoms are ways to write rows that are rolled back.
var phantoms = []operation{
	{"transaction that returns an error", func(db *gorm.DB) error {
		return db.Transaction(writeAndFail)
	}},
	{"manual rollback", func(db *gorm.DB) error {
		tx := db.Begin()
		return errors.Join(writeMuch(tx), tx.Rollback().Error)
	}},
	{"nested transaction that fails in one that commits", func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return notRollback(tx.Transaction(writeAndFail))
		})
	}},
	{"nested transaction that commits in one that fails", func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error { return first(tx.Transaction(writeMuch), errRollback) })
	}},
	{"nested transaction that panics in one that commits", func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return panics(func() error { return tx.Transaction(writeAndPanic) })
		})
	}},
	{"manual savepoint", func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return errors.Join(tx.SavePoint("before").Error, writeMuch(tx), tx.RollbackTo("before").Error)
		})
	}},
	{"two manual savepoints", func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return errors.Join(
				tx.SavePoint("first").Error, writeMuch(tx),
				tx.SavePoint("second").Error, tx.Delete(&Post{}, 12).Error, tx.RollbackTo("second").Error,
				tx.Model(&Post{ID: 12}).Update("author_id", 9).Error, tx.RollbackTo("first").Error,
			)
		})
	}},
	{"context that has ended before", func(db *gorm.DB) error {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		return canceled(writeMuch(db.WithContext(ctx)))
	}},
	{"context that ends in the middle", func(db *gorm.DB) error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		return canceled(db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
			if err := writeMuch(tx); err != nil {
				return fmt.Errorf("before the end of the context: %w", err)
			}
			cancel()
			return tx.Create(&Post{AuthorID: 1, Published: true}).Error
		}))
	}},
	{"context that ends before the commit", func(db *gorm.DB) error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		return canceled(db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
			defer cancel()
			return writeMuch(tx)
		}))
	}},
	{"context with a deadline", func(db *gorm.DB) error {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
		defer cancel()
		err := db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
			err := writeMuch(tx)
			<-ctx.Done()
			// The transaction's own context ends a moment after this one; Cause waits
			// for it. A commit in between would be a commit in time.
			_ = context.Cause(ctx)
			return err
		})
		if err == nil {
			return errors.New("a transaction whose context had ended was committed")
		}
		return nil
	}},
	{"panic in a transaction", func(db *gorm.DB) error {
		return panics(func() error { return db.Transaction(writeAndPanic) })
	}},
	{"panic in a hook of a transaction", func(db *gorm.DB) error {
		return panics(func() error {
			return db.Transaction(func(tx *gorm.DB) error {
				return first(writeMuch(tx), tx.Create(&hookedPost{ID: 70, AuthorID: 1, Title: "panic", Published: true}).Error)
			})
		})
	}},
	{"panic in a hook after a create", func(db *gorm.DB) error {
		return leaky(db, func(db *gorm.DB) error {
			return db.Create(&hookedPost{ID: 70, AuthorID: 1, Title: "panic", Published: true}).Error
		})
	}},
	{"panic in a hook after an update", func(db *gorm.DB) error {
		return leaky(db, func(db *gorm.DB) error {
			return db.Model(&hookedPost{ID: 10, Title: "panic"}).Update("author_id", 2).Error
		})
	}},
	{"panic in a hook after a delete", func(db *gorm.DB) error {
		return leaky(db, func(db *gorm.DB) error { return db.Delete(&hookedPost{ID: 10, Title: "panic"}).Error })
	}},
	{"hook that fails after a create", func(db *gorm.DB) error {
		return notRollback(db.Create(&hookedPost{ID: 70, AuthorID: 1, Title: "fail", Published: true}).Error)
	}},
	{"hook that fails after a delete", func(db *gorm.DB) error {
		return notRollback(db.Delete(&hookedPost{ID: 10, Title: "fail"}).Error)
	}},
}

// writeMuch creates, moves, changes and deletes posts.
func writeMuch(db *gorm.DB) error {
	post := Post{AuthorID: 1, Title: "never", Published: true}
	return errors.Join(
		db.Create(&post).Error,
		db.Create(&[]Post{{ID: 60, AuthorID: 1, Published: true}, {ID: 61, AuthorID: 2, Published: true}}).Error,
		db.Model(&Post{ID: 10}).Update("author_id", 2).Error,
		db.Model(&post).Update("title", "nor this").Error,
		db.Model(&Post{}).Where("author_id = ?", 2).Update("created_at", at(-9)).Error,
		db.Delete(&Post{}, 11).Error,
		db.Unscoped().Delete(&Post{}, 60).Error,
		db.Unscoped().Model(&Post{ID: 14}).Update("deleted_at", nil).Error,
		db.Save(&Post{ID: 13, AuthorID: 7, Published: true, CreatedAt: at(2)}).Error,
	)
}

func writeAndFail(db *gorm.DB) error { return first(writeMuch(db), errRollback) }

func writeAndPanic(db *gorm.DB) error {
	if err := writeMuch(db); err != nil {
		return err
	}
	panic("the user's")
}

// first returns the first error.
func first(errs ...error) error { return cmp.Or(errs...) }

// hookedPost is a post with hooks that do as its title says.
type hookedPost struct {
	ID        uint
	AuthorID  uint
	Title     string
	Published bool
	CreatedAt time.Time
}

func (hookedPost) TableName() string { return "posts" }

func (p *hookedPost) AfterCreate(*gorm.DB) error { return p.hook() }
func (p *hookedPost) AfterUpdate(*gorm.DB) error { return p.hook() }
func (p *hookedPost) AfterDelete(*gorm.DB) error { return p.hook() }

func (p *hookedPost) hook() error {
	switch p.Title {
	case "panic":
		panic("a hook of the user's")
	case "fail":
		return errRollback
	default:
		return nil
	}
}

// panics calls do and returns an error if it does not panic.
func panics(do func() error) (err error) {
	defer func() {
		if recover() == nil {
			err = fmt.Errorf("no panic, but %w", err)
		} else {
			err = nil
		}
	}()
	return do()
}

// leaky calls do, whose panic leaves GORM's own transaction open until the
// context ends.
func leaky(db *gorm.DB, do func(db *gorm.DB) error) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	return panics(func() error { return do(db.WithContext(ctx)) })
}

// canceled accepts what a transaction says after the end of its context.
func canceled(err error) error {
	if !errors.Is(err, context.Canceled) && !errors.Is(err, sql.ErrTxDone) {
		return fmt.Errorf("got error %w, want that of the context", err)
	}
	return nil
}

func notRollback(err error) error {
	if err != errRollback { //nolint:errorlint // a joined one says more
		return fmt.Errorf("got error %w, want that of the user", err)
	}
	return nil
}

// TestPhantoms: what was rolled back is neither on a timeline nor in the
// outbox.
func TestPhantoms(t *testing.T) {
	t.Parallel()
	onBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		for _, config := range []gorm.Config{{}, {PrepareStmt: true}} {
			w := worldBy(t, by, setup{dialect: dialect, config: &config})
			w.seed()
			w.check()
			before := w.posts()
			for _, phantom := range phantoms {
				if err := phantom.run(w.db); err != nil && err != errRollback { //nolint:errorlint // a joined one says more
					t.Errorf("%s: %v", phantom.name, err)
				}
				if after := w.posts(); after != before {
					t.Fatalf("%s: the table has changed:\n%s\n%s", phantom.name, before, after)
				}
				if n := w.outbox(); n != 0 {
					t.Errorf("%s: %d changes in the outbox, want none", phantom.name, n)
				}
				if w.check(); t.Failed() {
					t.Fatalf("after %q", phantom.name)
				}
			}
		}
	})
}

// TestPartOfTransaction: what a savepoint took back is missing, what stands
// around it is there.
func TestPartOfTransaction(t *testing.T) {
	t.Parallel()
	onBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		w := worldBy(t, by, setup{dialect: dialect})
		w.seed()
		w.drain()
		w.must(w.db.Transaction(func(tx *gorm.DB) error {
			return errors.Join(
				tx.Create(&Post{ID: 20, AuthorID: 5, Title: "first", Published: true, CreatedAt: at(1)}).Error,
				tx.SavePoint("a").Error,
				tx.Model(&Post{ID: 20}).Update("author_id", 6).Error,
				tx.Create(&Post{ID: 21, AuthorID: 5, Title: "never", Published: true, CreatedAt: at(2)}).Error,
				tx.RollbackTo("a").Error,
				notRollback(tx.Transaction(func(tx *gorm.DB) error {
					return first(tx.Delete(&Post{}, 20).Error, errRollback)
				})),
				tx.Transaction(func(tx *gorm.DB) error {
					return tx.Create(&Post{ID: 22, AuthorID: 5, Title: "last", Published: true, CreatedAt: at(3)}).Error
				}),
			)
		}))
		w.wantIDs("author:5:posts", "posts:22", "posts:20")
		w.wantIDs("author:6:posts")
		w.check()
	})
}

// TestCancelledAtCommit: whether a commit that races with the end of its
// context took place or not, the timelines are as the table.
func TestCancelledAtCommit(t *testing.T) {
	t.Parallel()
	onBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		w := worldBy(t, by, setup{dialect: dialect})
		w.seed()
		committed := 0
		for i := range 40 {
			ctx, cancel := context.WithCancel(t.Context())
			err := w.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
				err := tx.Create(&Post{AuthorID: uint(i % 3), Title: fmt.Sprint("c", i), Published: true}).Error
				time.AfterFunc(time.Duration(i)*5*time.Microsecond, cancel)
				return err
			})
			if err == nil {
				committed++
			}
			cancel()
		}
		t.Logf("%d of 40 committed", committed)
		w.check()
	})
}
