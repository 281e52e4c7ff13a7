// Package blog implements the blog: accounts, posts, comments, and the timelines
// they are read by. It knows the database and timak, but not HTTP.
package blog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
)

// Blog is a blog over a database and timelines. Its methods may be called from
// any number of goroutines at once.
type Blog struct {
	db        *gorm.DB
	timelines *timak.Timelines
	plugin    *timakgorm.Plugin
	log       *slog.Logger
	moving    atomic.Bool                     // the timelines are being moved: the plugin logs nothing
	relaying  atomic.Pointer[context.Context] // that of Run; nil while it does not run
}

// Open creates or updates the tables and makes the timelines follow them. The
// caller closes the database and the timelines' store after Run has returned.
func Open(ctx context.Context, db *gorm.DB, timelines *timak.Timelines, log *slog.Logger) (*Blog, error) {
	if err := checkWaiting(db.WithContext(ctx)); err != nil {
		return nil, err
	}
	if err := db.WithContext(ctx).AutoMigrate(&User{}, &Session{}, &Post{}, &Comment{}, &Follow{}); err != nil {
		return nil, fmt.Errorf("create tables: %w", err)
	}
	if err := upgrade(db.WithContext(ctx)); err != nil {
		return nil, fmt.Errorf("upgrade the posts of an earlier release: %w", err)
	}
	if err := timakgorm.Migrate(ctx, db); err != nil {
		return nil, err
	}
	if err := warnOfDead(db.WithContext(ctx), log); err != nil {
		return nil, err
	}
	b := &Blog{db: db, timelines: timelines, log: log}
	plugin, err := timakgorm.New(timelines, &timakgorm.Options{Watches: MaxWatches, Logger: slog.New(hushed{log.Handler(), &b.moving})})
	if err != nil {
		return nil, err
	}
	if err := plugin.Register(&Post{}, &Comment{}, &Follow{}); err != nil {
		return nil, err
	}
	if err := db.Use(plugin); err != nil {
		return nil, fmt.Errorf("install the timeline plugin: %w", err)
	}
	b.plugin = plugin
	return b, nil
}

// Exists reports whether a database has a blog's tables.
func Exists(ctx context.Context, db *gorm.DB) bool {
	return db.WithContext(ctx).Migrator().HasTable(&Post{})
}

// Ready returns nil, or why the blog cannot serve: an error that names the failing
// part and wraps the cause.
func (b *Blog) Ready(ctx context.Context) error {
	if err := b.db.WithContext(ctx).Select("id").Limit(1).Find(&[]User{}).Error; err != nil {
		return fmt.Errorf("%w: %w", ErrDatabase, err)
	}
	if _, err := b.timelines.Page(ctx, siteKey, timak.Query{Limit: 1}); err != nil {
		return fmt.Errorf("%w: %w", ErrStore, err)
	}
	return nil
}

// deliverWait is how long a write waits for its timelines. If the store is slow or
// down, the write is committed all the same and the relay catches up later.
const deliverWait = time.Second

// write runs fn in a transaction, and then delivers its changes to the timelines,
// so that the writer sees them on the next page. While Run does not run they stay in
// the outbox.
func (b *Blog) write(ctx context.Context, fn func(tx *gorm.DB) error) error {
	if err := b.db.WithContext(ctx).Transaction(fn); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, deliverWait)
	defer cancel()
	if err := b.Deliver(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, errNotRelaying) {
		b.log.WarnContext(ctx, "blog: timelines are behind", "error", err)
	}
	return nil
}

// writeAs is write by a user. It returns ErrSession if the account was deleted meanwhile.
func (b *Blog) writeAs(ctx context.Context, user User, fn func(tx *gorm.DB) error) error {
	return b.write(ctx, func(tx *gorm.DB) error {
		if err := lockUser(tx, share, user.ID, ErrSession); err != nil {
			return err
		}
		return fn(tx)
	})
}

// one turns the absence of a row into ErrNotFound.
func one(err error) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return ErrNotFound
	}
	return err
}
