package endtoend_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm/internal/world"
)

// wantsError accepts any error, and nothing else.
func wantsError(err error) error {
	if err == nil {
		return errors.New("no error, but there should be one")
	}
	return nil
}

// rollingBack accepts the error of a user who rolls back.
func rollingBack(err error) error {
	if errors.Is(err, world.ErrRollback) {
		return nil
	}
	return fmt.Errorf("got error %w, want that of the user", err)
}

// writes creates, moves and deletes posts.
func writes(db *gorm.DB) error {
	return errors.Join(
		db.Create(&world.Post{AuthorID: 1, Title: "written", Published: true, CreatedAt: world.At(9)}).Error,
		db.Model(&world.Post{ID: 10}).Update("author_id", 2).Error,
		db.Delete(&world.Post{}, 11).Error,
	)
}

func writesAndFails(db *gorm.DB) error {
	return world.FirstError(writes(db), func() error { return world.ErrRollback })
}

var transactions = theme{name: "transaction", operations: []world.Operation{
	{Name: "dry run", Run: func(db *gorm.DB) error {
		return db.Session(&gorm.Session{DryRun: true}).Create(&world.Post{AuthorID: 1, Published: true}).Error
	}},
	{Name: "nested transactions", Run: func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return world.FirstError(tx.Create(&world.Post{AuthorID: 1, Published: true}).Error, func() error {
				return tx.Transaction(func(tx *gorm.DB) error { return tx.Model(&world.Post{ID: 10}).Update("author_id", 2).Error })
			})
		})
	}},
	{Name: "transaction", Run: func(db *gorm.DB) error { return db.Transaction(writes) }},
	{Name: "transaction that fails", Run: func(db *gorm.DB) error { return rollingBack(db.Transaction(writesAndFails)) }},
	{Name: "nested transaction that fails", Run: func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return errors.Join(
				tx.Create(&world.Post{AuthorID: 1, Title: "outer", Published: true}).Error,
				rollingBack(tx.Transaction(writesAndFails)),
				tx.Model(&world.Post{ID: 12}).Update("author_id", 2).Error,
			)
		})
	}},
	{Name: "nested transaction in one that fails", Run: func(db *gorm.DB) error {
		return rollingBack(db.Transaction(func(tx *gorm.DB) error {
			return world.FirstError(tx.Transaction(writes), func() error { return world.ErrRollback })
		}))
	}},
	{Name: "nested transactions without savepoints", Run: func(db *gorm.DB) error {
		return db.Session(&gorm.Session{DisableNestedTransaction: true}).Transaction(func(tx *gorm.DB) error {
			return tx.Transaction(writes)
		})
	}},
	{Name: "savepoint and rollback to it", Run: func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return errors.Join(
				tx.Create(&world.Post{AuthorID: 1, Title: "before", Published: true, CreatedAt: world.At(8)}).Error,
				tx.SavePoint("here").Error, writes(tx), tx.RollbackTo("here").Error,
				tx.Model(&world.Post{ID: 12}).Update("author_id", 2).Error,
			)
		})
	}},
	{Name: "savepoint without a rollback", Run: func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error { return errors.Join(tx.SavePoint("here").Error, writes(tx)) })
	}},
	{Name: "the same row again and again", Run: func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			for i := range 5 {
				if err := tx.Model(&world.Post{ID: 10}).Updates(map[string]any{"author_id": i%2 + 1, "title": fmt.Sprint(i)}).Error; err != nil {
					return err
				}
			}
			return errors.Join(tx.Delete(&world.Post{}, 10).Error, tx.Unscoped().Model(&world.Post{ID: 10}).Update("deleted_at", nil).Error)
		})
	}},
	{Name: "change and change back", Run: func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return errors.Join(tx.Model(&world.Post{ID: 10}).Update("author_id", 2).Error, tx.Model(&world.Post{ID: 10}).Update("author_id", 1).Error)
		})
	}},
	{Name: "panic in a transaction", Run: func(db *gorm.DB) error {
		return world.Panics(func() error {
			return db.Transaction(func(tx *gorm.DB) error {
				_ = writes(tx)
				panic("the user's")
			})
		})
	}},
	{Name: "panic in a nested transaction", Run: func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			err := world.Panics(func() error {
				return tx.Transaction(func(tx *gorm.DB) error {
					_ = writes(tx)
					panic("the user's")
				})
			})
			return world.FirstError(err, func() error { return tx.Create(&world.Post{AuthorID: 1, Title: "after", Published: true}).Error })
		})
	}},
	{Name: "hook that fails after a create", Run: func(db *gorm.DB) error {
		return rollingBack(db.Transaction(func(tx *gorm.DB) error {
			return tx.Create(&hookedPost{ID: 70, AuthorID: 1, Title: "fail", Published: true}).Error
		}))
	}},
	{Name: "dry run of an update", Run: func(db *gorm.DB) error {
		return db.Session(&gorm.Session{DryRun: true}).Model(&world.Post{ID: 10}).Update("author_id", 2).Error
	}},
	{Name: "dry run of a delete", Run: func(db *gorm.DB) error {
		return db.Session(&gorm.Session{DryRun: true}).Delete(&world.Post{}, 10).Error
	}},
	{Name: "SQL of a create", Run: func(db *gorm.DB) error {
		if text := db.ToSQL(func(tx *gorm.DB) *gorm.DB { return tx.Create(&world.Post{AuthorID: 1, Published: true}) }); text == "" {
			return errors.New("no SQL")
		}
		return nil
	}},
	{Name: "SQL of an update", Run: func(db *gorm.DB) error {
		if text := db.ToSQL(func(tx *gorm.DB) *gorm.DB { return tx.Model(&world.Post{}).Where("id > 0").Update("author_id", 2) }); text == "" {
			return errors.New("no SQL")
		}
		return nil
	}},
	{Name: "session without hooks", Run: func(db *gorm.DB) error { return writes(db.Session(&gorm.Session{SkipHooks: true})) }},
	{Name: "session without default transactions", Run: func(db *gorm.DB) error {
		return writes(db.Session(&gorm.Session{SkipDefaultTransaction: true}))
	}},
	{Name: "session with prepared statements", Run: func(db *gorm.DB) error { return writes(db.Session(&gorm.Session{PrepareStmt: true})) }},
	{Name: "session with prepared statements, transaction", Run: func(db *gorm.DB) error {
		return db.Session(&gorm.Session{PrepareStmt: true}).Transaction(writes)
	}},
	{Name: "session with a context", Run: func(db *gorm.DB) error { return writes(db.WithContext(context.Background()).Debug()) }},
}}

// These open or need a connection of their own, beside which there must not be
// a transaction.
var connections = theme{name: "transaction", alone: true, operations: []world.Operation{
	{Name: "manual transaction", Run: func(db *gorm.DB) error {
		tx := db.Begin()
		return errors.Join(writes(tx), tx.Commit().Error)
	}},
	{Name: "manual rollback", Run: func(db *gorm.DB) error {
		tx := db.Begin()
		return errors.Join(writes(tx), tx.Rollback().Error)
	}},
	{Name: "manual transaction with prepared statements", Run: func(db *gorm.DB) error {
		tx := db.Session(&gorm.Session{PrepareStmt: true}).Begin()
		return errors.Join(writes(tx), tx.Commit().Error)
	}},
	{Name: "serializable transaction", Run: func(db *gorm.DB) error {
		return db.Transaction(writes, &sql.TxOptions{Isolation: sql.LevelSerializable})
	}},
	{Name: "connection", Run: func(db *gorm.DB) error { return db.Connection(writes) }},
	{Name: "transaction of a connection", Run: func(db *gorm.DB) error {
		return db.Connection(func(tx *gorm.DB) error { return tx.Transaction(writes) })
	}},
	{Name: "connection without default transactions", Run: func(db *gorm.DB) error {
		return db.Session(&gorm.Session{SkipDefaultTransaction: true}).Connection(writes)
	}},
	{Name: "context that has ended", Run: func(db *gorm.DB) error {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		return wantsError(db.WithContext(ctx).Create(&world.Post{AuthorID: 1, Published: true}).Error)
	}},
	{Name: "context that ends in a transaction", Run: func(db *gorm.DB) error {
		ctx, cancel := context.WithCancel(context.Background())
		return wantsError(db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
			defer cancel()
			return writes(tx)
		}))
	}},
	{Name: "panic in a hook", Run: func(db *gorm.DB) error {
		return leaky(db, func(db *gorm.DB) error {
			return db.Create(&hookedPost{ID: 70, AuthorID: 1, Title: "panic", Published: true}).Error
		})
	}},
	{Name: "locked and saved", Run: func(db *gorm.DB) error {
		tx := db.Begin()
		var post world.Post
		err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).First(&post, 10).Error
		post.AuthorID = 2
		return errors.Join(err, tx.Save(&post).Error, tx.Commit().Error)
	}},
}}

var transactionFailures = theme{name: "transaction", breaks: true, operations: []world.Operation{
	{Name: "statement that fails in the middle of a transaction", Run: func(db *gorm.DB) error {
		return wantsError(db.Transaction(func(tx *gorm.DB) error {
			return world.FirstError(writes(tx), func() error { return tx.Create(&world.Post{ID: 10}).Error })
		}))
	}},
}}
