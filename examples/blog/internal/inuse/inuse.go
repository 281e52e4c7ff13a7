// Package inuse knows which store holds the timelines of a database. The database notes
// it, and the store has a mark. So nobody reads timelines that were left behind when a blog
// moved to another store, and no two blogs on one database write to different stores.
package inuse

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/examples/blog/internal/storage"
	"github.com/timak-go/timak/timak"
)

// Use is how this process uses a database and a store. Only one of its methods may run at
// a time.
type Use struct {
	db        *gorm.DB
	timelines *timak.Timelines
	config    storage.Config
	log       *slog.Logger
	session   *session // nil on SQLite, where the folder is locked
}

// Open returns the use of a database and its timelines. setUp creates the tables of
// everybody else: no other process does so at the same time.
func Open(ctx context.Context, db *gorm.DB, timelines *timak.Timelines, c storage.Config, log *slog.Logger, setUp func() error) (*Use, error) {
	u := &Use{db: db, timelines: timelines, config: c, log: log}
	if err := u.open(ctx, setUp); err != nil {
		return nil, errors.Join(err, u.Close())
	}
	return u, nil
}

func (u *Use) open(ctx context.Context, setUp func() error) (err error) {
	if u.config.OnPostgres() {
		if u.session, err = connect(ctx, u.config.Postgres, u.log); err != nil {
			return err
		}
	}
	return u.session.setUp(ctx, func() error {
		if err := setUp(); err != nil {
			return err
		}
		return u.createNote(ctx)
	})
}

// Close ends the use, and lets others move the timelines.
func (u *Use) Close() error { return u.session.close() }

// Begin begins to use the store: until Close nobody moves the timelines. If nobody has used
// the database before, fresh decides whether the store is taken as it is. Begin returns a
// *WrongError if the store is not the one that holds the timelines.
func (u *Use) Begin(ctx context.Context, fresh func() (bool, error)) error {
	if err := u.session.share(ctx); err != nil {
		return err
	}
	taken := false
	err := u.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		n, err := readNote(tx.Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate}))
		if err != nil || n.Kind != "" {
			return err
		}
		m, err := u.marks(ctx, n)
		if err == nil && m.foreign {
			err = u.giveUp(ctx, m.ours...) // marks of a start that has come to no end
		}
		if err != nil {
			return err
		}
		if isFresh, err := fresh(); err != nil || !isFresh {
			return err
		}
		taken = true
		return u.take(ctx, tx, n)
	})
	if _, wrong := errors.AsType[*WrongError](err); wrong {
		return err
	}
	if err != nil {
		return fmt.Errorf("note where the timelines are: %w", err)
	}
	if taken {
		return nil
	}
	return u.Check(ctx)
}

// take makes the store the one that holds the timelines of the database.
func (u *Use) take(ctx context.Context, tx *gorm.DB, n note) error {
	n.Kind, n.Generation, n.Whole = u.config.Timelines(), rand.Text(), true
	if err := u.claim(ctx, n, n.mark()); err != nil {
		return err
	}
	return tx.Save(&n).Error
}

// Check returns a *WrongError unless the store holds the timelines of the database.
func (u *Use) Check(ctx context.Context) error {
	n, marks, err := u.read(ctx)
	if err != nil {
		return err
	}
	return marks.check(n, u.config)
}

// read reads what the database has noted, and what the store says of itself.
func (u *Use) read(ctx context.Context) (note, marks, error) {
	n, err := readNote(u.db.WithContext(ctx))
	if err != nil {
		return note{}, marks{}, fmt.Errorf("read where the timelines are: %w", err)
	}
	m, err := u.marks(ctx, n)
	return n, m, err
}
