package endtoend_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// phantoms are ways to write rows that are rolled back.
var phantoms = []world.Operation{
	{Name: "transaction that returns an error", Run: func(db *gorm.DB) error {
		return db.Transaction(writeAndFail)
	}},
	{Name: "manual rollback", Run: func(db *gorm.DB) error {
		tx := db.Begin()
		return errors.Join(writeMuch(tx), tx.Rollback().Error)
	}},
	{Name: "nested transaction that fails in one that commits", Run: func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return notRollback(tx.Transaction(writeAndFail))
		})
	}},
	{Name: "nested transaction that commits in one that fails", Run: func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error { return world.First(tx.Transaction(writeMuch), world.ErrRollback) })
	}},
	{Name: "nested transaction that panics in one that commits", Run: func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return world.Panics(func() error { return tx.Transaction(writeAndPanic) })
		})
	}},
	{Name: "manual savepoint", Run: func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return errors.Join(tx.SavePoint("before").Error, writeMuch(tx), tx.RollbackTo("before").Error)
		})
	}},
	{Name: "two manual savepoints", Run: func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return errors.Join(
				tx.SavePoint("first").Error, writeMuch(tx),
				tx.SavePoint("second").Error, tx.Delete(&world.Post{}, 12).Error, tx.RollbackTo("second").Error,
				tx.Model(&world.Post{ID: 12}).Update("author_id", 9).Error, tx.RollbackTo("first").Error,
			)
		})
	}},
	{Name: "context that has ended before", Run: func(db *gorm.DB) error {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		return canceled(writeMuch(db.WithContext(ctx)))
	}},
	{Name: "context that ends in the middle", Run: func(db *gorm.DB) error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		return canceled(db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
			if err := writeMuch(tx); err != nil {
				return fmt.Errorf("before the end of the context: %w", err)
			}
			cancel()
			return tx.Create(&world.Post{AuthorID: 1, Published: true}).Error
		}))
	}},
	{Name: "context that ends before the commit", Run: func(db *gorm.DB) error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		return canceled(db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
			defer cancel()
			return writeMuch(tx)
		}))
	}},
	{Name: "context with a deadline", Run: func(db *gorm.DB) error {
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
	{Name: "panic in a transaction", Run: func(db *gorm.DB) error {
		return world.Panics(func() error { return db.Transaction(writeAndPanic) })
	}},
	{Name: "panic in a hook of a transaction", Run: func(db *gorm.DB) error {
		return world.Panics(func() error {
			return db.Transaction(func(tx *gorm.DB) error {
				return world.First(writeMuch(tx), tx.Create(&hookedPost{ID: 70, AuthorID: 1, Title: "panic", Published: true}).Error)
			})
		})
	}},
	{Name: "panic in a hook after a create", Run: func(db *gorm.DB) error {
		return leaky(db, func(db *gorm.DB) error {
			return db.Create(&hookedPost{ID: 70, AuthorID: 1, Title: "panic", Published: true}).Error
		})
	}},
	{Name: "panic in a hook after an update", Run: func(db *gorm.DB) error {
		return leaky(db, func(db *gorm.DB) error {
			return db.Model(&hookedPost{ID: 10, Title: "panic"}).Update("author_id", 2).Error
		})
	}},
	{Name: "panic in a hook after a delete", Run: func(db *gorm.DB) error {
		return leaky(db, func(db *gorm.DB) error { return db.Delete(&hookedPost{ID: 10, Title: "panic"}).Error })
	}},
	{Name: "hook that fails after a create", Run: func(db *gorm.DB) error {
		return notRollback(db.Create(&hookedPost{ID: 70, AuthorID: 1, Title: "fail", Published: true}).Error)
	}},
	{Name: "hook that fails after a delete", Run: func(db *gorm.DB) error {
		return notRollback(db.Delete(&hookedPost{ID: 10, Title: "fail"}).Error)
	}},
}

// writeMuch creates, moves, changes and deletes posts.
func writeMuch(db *gorm.DB) error {
	post := world.Post{AuthorID: 1, Title: "never", Published: true}
	return errors.Join(
		db.Create(&post).Error,
		db.Create(&[]world.Post{{ID: 60, AuthorID: 1, Published: true}, {ID: 61, AuthorID: 2, Published: true}}).Error,
		db.Model(&world.Post{ID: 10}).Update("author_id", 2).Error,
		db.Model(&post).Update("title", "nor this").Error,
		db.Model(&world.Post{}).Where("author_id = ?", 2).Update("created_at", world.At(-9)).Error,
		db.Delete(&world.Post{}, 11).Error,
		db.Unscoped().Delete(&world.Post{}, 60).Error,
		db.Unscoped().Model(&world.Post{ID: 14}).Update("deleted_at", nil).Error,
		db.Save(&world.Post{ID: 13, AuthorID: 7, Published: true, CreatedAt: world.At(2)}).Error,
	)
}

func writeAndFail(db *gorm.DB) error { return world.First(writeMuch(db), world.ErrRollback) }

func writeAndPanic(db *gorm.DB) error {
	if err := writeMuch(db); err != nil {
		return err
	}
	panic("the user's")
}

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
		return world.ErrRollback
	default:
		return nil
	}
}

// leaky calls do, whose panic leaves GORM's own transaction open until the
// context ends.
func leaky(db *gorm.DB, do func(db *gorm.DB) error) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	return world.Panics(func() error { return do(db.WithContext(ctx)) })
}

// canceled accepts what a transaction says after the end of its context.
func canceled(err error) error {
	if !errors.Is(err, context.Canceled) && !errors.Is(err, sql.ErrTxDone) {
		return fmt.Errorf("got error %w, want that of the context", err)
	}
	return nil
}

func notRollback(err error) error {
	if err != world.ErrRollback { //nolint:errorlint // a joined one says more
		return fmt.Errorf("got error %w, want that of the user", err)
	}
	return nil
}

// TestPhantoms: what was rolled back is neither on a timeline nor in the
// outbox.
func TestPhantoms(t *testing.T) {
	t.Parallel()
	world.OverStoresByBoth(t, func(t *testing.T, s world.Setup, by timakgorm.Capture) {
		for _, config := range []gorm.Config{{}, {PrepareStmt: true}} {
			s.Config = &config
			w := world.NewBy(t, by, s)
			w.Seed()
			w.Check()
			before := w.Posts()
			for _, phantom := range phantoms {
				if err := phantom.Run(w.DB); err != nil && err != world.ErrRollback { //nolint:errorlint // a joined one says more
					t.Errorf("%s: %v", phantom.Name, err)
				}
				if after := w.Posts(); after != before {
					t.Fatalf("%s: the table has changed:\n%s\n%s", phantom.Name, before, after)
				}
				if n := w.Outbox(); n != 0 {
					t.Errorf("%s: %d changes in the outbox, want none", phantom.Name, n)
				}
				if w.Check(); t.Failed() {
					t.Fatalf("after %q", phantom.Name)
				}
			}
		}
	})
}

// TestPartOfTransaction: what a savepoint took back is missing, what stands
// around it is there.
func TestPartOfTransaction(t *testing.T) {
	t.Parallel()
	world.OverStoresByBoth(t, func(t *testing.T, s world.Setup, by timakgorm.Capture) {
		w := world.NewBy(t, by, s)
		w.Seed()
		w.Drain()
		w.Must(w.DB.Transaction(func(tx *gorm.DB) error {
			return errors.Join(
				tx.Create(&world.Post{ID: 20, AuthorID: 5, Title: "first", Published: true, CreatedAt: world.At(1)}).Error,
				tx.SavePoint("a").Error,
				tx.Model(&world.Post{ID: 20}).Update("author_id", 6).Error,
				tx.Create(&world.Post{ID: 21, AuthorID: 5, Title: "never", Published: true, CreatedAt: world.At(2)}).Error,
				tx.RollbackTo("a").Error,
				notRollback(tx.Transaction(func(tx *gorm.DB) error {
					return world.First(tx.Delete(&world.Post{}, 20).Error, world.ErrRollback)
				})),
				tx.Transaction(func(tx *gorm.DB) error {
					return tx.Create(&world.Post{ID: 22, AuthorID: 5, Title: "last", Published: true, CreatedAt: world.At(3)}).Error
				}),
			)
		}))
		w.WantIDs("author:5:posts", "posts:22", "posts:20")
		w.WantIDs("author:6:posts")
		w.Check()
	})
}

// TestCancelledAtCommit: whether a commit that races with the end of its
// context took place or not, the timelines are as the table.
func TestCancelledAtCommit(t *testing.T) {
	t.Parallel()
	world.OverStoresByBoth(t, func(t *testing.T, s world.Setup, by timakgorm.Capture) {
		w := world.NewBy(t, by, s)
		w.Seed()
		committed := 0
		for i := range 40 {
			ctx, cancel := context.WithCancel(t.Context())
			err := w.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
				err := tx.Create(&world.Post{AuthorID: uint(i % 3), Title: fmt.Sprint("c", i), Published: true}).Error
				time.AfterFunc(time.Duration(i)*5*time.Microsecond, cancel)
				return err
			})
			if err == nil {
				committed++
			}
			cancel()
		}
		t.Logf("%d of 40 committed", committed)
		w.Check()
	})
}
