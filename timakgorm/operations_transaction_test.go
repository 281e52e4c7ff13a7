package timakgorm_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
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
	if errors.Is(err, errRollback) {
		return nil
	}
	return fmt.Errorf("got error %w, want that of the user", err)
}

// writes creates, moves and deletes posts.
func writes(db *gorm.DB) error {
	return errors.Join(
		db.Create(&Post{AuthorID: 1, Title: "written", Published: true, CreatedAt: at(9)}).Error,
		db.Model(&Post{ID: 10}).Update("author_id", 2).Error,
		db.Delete(&Post{}, 11).Error,
	)
}

func writesAndFails(db *gorm.DB) error {
	return firstError(writes(db), func() error { return errRollback })
}

var transactions = theme{name: "transaction", operations: []operation{
	{"dry run", func(db *gorm.DB) error {
		return db.Session(&gorm.Session{DryRun: true}).Create(&Post{AuthorID: 1, Published: true}).Error
	}},
	{"nested transactions", func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return firstError(tx.Create(&Post{AuthorID: 1, Published: true}).Error, func() error {
				return tx.Transaction(func(tx *gorm.DB) error { return tx.Model(&Post{ID: 10}).Update("author_id", 2).Error })
			})
		})
	}},
	{"transaction", func(db *gorm.DB) error { return db.Transaction(writes) }},
	{"transaction that fails", func(db *gorm.DB) error { return rollingBack(db.Transaction(writesAndFails)) }},
	{"nested transaction that fails", func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return errors.Join(
				tx.Create(&Post{AuthorID: 1, Title: "outer", Published: true}).Error,
				rollingBack(tx.Transaction(writesAndFails)),
				tx.Model(&Post{ID: 12}).Update("author_id", 2).Error,
			)
		})
	}},
	{"nested transaction in one that fails", func(db *gorm.DB) error {
		return rollingBack(db.Transaction(func(tx *gorm.DB) error {
			return firstError(tx.Transaction(writes), func() error { return errRollback })
		}))
	}},
	{"nested transactions without savepoints", func(db *gorm.DB) error {
		return db.Session(&gorm.Session{DisableNestedTransaction: true}).Transaction(func(tx *gorm.DB) error {
			return tx.Transaction(writes)
		})
	}},
	{"savepoint and rollback to it", func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return errors.Join(
				tx.Create(&Post{AuthorID: 1, Title: "before", Published: true, CreatedAt: at(8)}).Error,
				tx.SavePoint("here").Error, writes(tx), tx.RollbackTo("here").Error,
				tx.Model(&Post{ID: 12}).Update("author_id", 2).Error,
			)
		})
	}},
	{"savepoint without a rollback", func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error { return errors.Join(tx.SavePoint("here").Error, writes(tx)) })
	}},
	{"the same row again and again", func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			for i := range 5 {
				if err := tx.Model(&Post{ID: 10}).Updates(map[string]any{"author_id": i%2 + 1, "title": fmt.Sprint(i)}).Error; err != nil {
					return err
				}
			}
			return errors.Join(tx.Delete(&Post{}, 10).Error, tx.Unscoped().Model(&Post{ID: 10}).Update("deleted_at", nil).Error)
		})
	}},
	{"change and change back", func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return errors.Join(tx.Model(&Post{ID: 10}).Update("author_id", 2).Error, tx.Model(&Post{ID: 10}).Update("author_id", 1).Error)
		})
	}},
	{"panic in a transaction", func(db *gorm.DB) error {
		return panics(func() error {
			return db.Transaction(func(tx *gorm.DB) error {
				_ = writes(tx)
				panic("the user's")
			})
		})
	}},
	{"panic in a nested transaction", func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			err := panics(func() error {
				return tx.Transaction(func(tx *gorm.DB) error {
					_ = writes(tx)
					panic("the user's")
				})
			})
			return firstError(err, func() error { return tx.Create(&Post{AuthorID: 1, Title: "after", Published: true}).Error })
		})
	}},
	{"hook that fails after a create", func(db *gorm.DB) error {
		return rollingBack(db.Transaction(func(tx *gorm.DB) error {
			return tx.Create(&hookedPost{ID: 70, AuthorID: 1, Title: "fail", Published: true}).Error
		}))
	}},
	{"dry run of an update", func(db *gorm.DB) error {
		return db.Session(&gorm.Session{DryRun: true}).Model(&Post{ID: 10}).Update("author_id", 2).Error
	}},
	{"dry run of a delete", func(db *gorm.DB) error { return db.Session(&gorm.Session{DryRun: true}).Delete(&Post{}, 10).Error }},
	{"SQL of a create", func(db *gorm.DB) error {
		if text := db.ToSQL(func(tx *gorm.DB) *gorm.DB { return tx.Create(&Post{AuthorID: 1, Published: true}) }); text == "" {
			return errors.New("no SQL")
		}
		return nil
	}},
	{"SQL of an update", func(db *gorm.DB) error {
		if text := db.ToSQL(func(tx *gorm.DB) *gorm.DB { return tx.Model(&Post{}).Where("id > 0").Update("author_id", 2) }); text == "" {
			return errors.New("no SQL")
		}
		return nil
	}},
	{"session without hooks", func(db *gorm.DB) error { return writes(db.Session(&gorm.Session{SkipHooks: true})) }},
	{"session without default transactions", func(db *gorm.DB) error {
		return writes(db.Session(&gorm.Session{SkipDefaultTransaction: true}))
	}},
	{"session with prepared statements", func(db *gorm.DB) error { return writes(db.Session(&gorm.Session{PrepareStmt: true})) }},
	{"session with prepared statements, transaction", func(db *gorm.DB) error {
		return db.Session(&gorm.Session{PrepareStmt: true}).Transaction(writes)
	}},
	{"session with a context", func(db *gorm.DB) error { return writes(db.WithContext(context.Background()).Debug()) }},
}}

// These open or need a connection of their own, beside which there must not be
// a transaction.
var connections = theme{name: "transaction", alone: true, operations: []operation{
	{"manual transaction", func(db *gorm.DB) error {
		tx := db.Begin()
		return errors.Join(writes(tx), tx.Commit().Error)
	}},
	{"manual rollback", func(db *gorm.DB) error {
		tx := db.Begin()
		return errors.Join(writes(tx), tx.Rollback().Error)
	}},
	{"manual transaction with prepared statements", func(db *gorm.DB) error {
		tx := db.Session(&gorm.Session{PrepareStmt: true}).Begin()
		return errors.Join(writes(tx), tx.Commit().Error)
	}},
	{"serializable transaction", func(db *gorm.DB) error {
		return db.Transaction(writes, &sql.TxOptions{Isolation: sql.LevelSerializable})
	}},
	{"connection", func(db *gorm.DB) error { return db.Connection(writes) }},
	{"transaction of a connection", func(db *gorm.DB) error {
		return db.Connection(func(tx *gorm.DB) error { return tx.Transaction(writes) })
	}},
	{"connection without default transactions", func(db *gorm.DB) error {
		return db.Session(&gorm.Session{SkipDefaultTransaction: true}).Connection(writes)
	}},
	{"context that has ended", func(db *gorm.DB) error {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		return wantsError(db.WithContext(ctx).Create(&Post{AuthorID: 1, Published: true}).Error)
	}},
	{"context that ends in a transaction", func(db *gorm.DB) error {
		ctx, cancel := context.WithCancel(context.Background())
		return wantsError(db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
			defer cancel()
			return writes(tx)
		}))
	}},
	{"panic in a hook", func(db *gorm.DB) error {
		return leaky(db, func(db *gorm.DB) error {
			return db.Create(&hookedPost{ID: 70, AuthorID: 1, Title: "panic", Published: true}).Error
		})
	}},
	{"locked and saved", func(db *gorm.DB) error {
		tx := db.Begin()
		var post Post
		err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).First(&post, 10).Error
		post.AuthorID = 2
		return errors.Join(err, tx.Save(&post).Error, tx.Commit().Error)
	}},
}}

var transactionFailures = theme{name: "transaction", breaks: true, operations: []operation{
	{"statement that fails in the middle of a transaction", func(db *gorm.DB) error {
		return wantsError(db.Transaction(func(tx *gorm.DB) error {
			return firstError(writes(tx), func() error { return tx.Create(&Post{ID: 10}).Error })
		}))
	}},
}}
