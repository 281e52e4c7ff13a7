// Package timelines makes home feeds by timak.
package timelines

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"

	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/feed"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/tables"
)

// Side is a side that keeps timelines with timak, and has a relay running.
type Side struct {
	Timelines *timak.Timelines

	db     *gorm.DB
	plugin *timakgorm.Plugin
	store  *counted
	about  string // of the store
	stop   context.CancelFunc
	ended  chan error // what the relay returned
}

// New opens the database, and keeps timelines of so many items in a store, which it
// closes. about says what the store is; log gets what the plugin says.
func New(ctx context.Context, dsn string, store Store, about string, capacity int, log io.Writer) (*Side, error) {
	t := &Side{store: &counted{Store: store}, about: about, ended: make(chan error, 1)}
	logs := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	t.Timelines = timak.New(t.store, &timak.Options{MaxItems: capacity, Logger: logs})
	if err := t.open(ctx, dsn, logs); err != nil {
		return nil, errors.Join(fmt.Errorf("feedmix: open timak: %w", err), store.Close())
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	t.stop = stop
	go func() { t.ended <- t.plugin.Run(running) }()
	return t, nil
}

func (t *Side) open(ctx context.Context, dsn string, log *slog.Logger) (err error) {
	if t.db, err = gorm.Open(postgres.Open(dsn), &gorm.Config{Logger: logger.Discard}); err != nil {
		return err
	}
	plain, err := t.db.DB()
	if err != nil {
		return err
	}
	tables.Limit(plain)
	if err := timakgorm.Migrate(ctx, t.db); err != nil {
		return err
	}
	if t.plugin, err = timakgorm.New(t.Timelines, &timakgorm.Options{Logger: log}); err != nil {
		return err
	}
	if err := t.plugin.Register(&posts{}, &follows{}); err != nil {
		return err
	}
	return t.db.Use(t.plugin)
}

// filledAtOnce is how many authors' posts are recorded in one transaction.
const filledAtOnce = 1000

// Fill implements feed.Side: it records all posts, as if they had just been written, author
// by author. So a feed is written once for each author, and not for each post.
func (t *Side) Fill(ctx context.Context) error {
	var last uint32
	if err := t.db.WithContext(ctx).Model(&posts{}).Select("coalesce(max(author_id), 0)").Scan(&last).Error; err != nil {
		return err
	}
	for from := uint32(0); from < last; from += filledAtOnce {
		err := timakgorm.Touch(t.db.WithContext(ctx), &posts{}, "author_id > ? AND author_id <= ?", from, from+filledAtOnce)
		if err = errors.Join(err, t.plugin.Drain(ctx)); err != nil {
			return err
		}
	}
	return nil
}

// Home implements feed.Side.
func (t *Side) Home(ctx context.Context, user uint32, cursor string) (feed.Page, error) {
	return t.page(ctx, timakgorm.Key("user:{}:home", user), cursor)
}

// Author implements feed.Side.
func (t *Side) Author(ctx context.Context, author uint32, cursor string) (feed.Page, error) {
	return t.page(ctx, timakgorm.Key("author:{}:posts", author), cursor)
}

func (t *Side) page(ctx context.Context, key, cursor string) (feed.Page, error) {
	page, err := t.plugin.Page(ctx, key, timak.Query{Limit: feed.PageLimit, Cursor: cursor})
	if err != nil {
		return feed.Page{}, err
	}
	out := feed.Page{Posts: make([]feed.Post, len(page.Items))}
	for i, item := range page.Items {
		if out.Posts[i], err = postOf(item); err != nil {
			return feed.Page{}, err
		}
	}
	if page.More {
		out.Next = page.Next
	}
	return out, nil
}

// postOf returns the post that an item shows. It does not say whose it is.
func postOf(item timak.Item) (feed.Post, error) {
	id, err := strconv.ParseUint(strings.TrimPrefix(item.ID, "posts:"), 10, 64)
	if err != nil {
		return feed.Post{}, err
	}
	var data struct{ Body string }
	err = json.Unmarshal(item.Data, &data)
	return feed.Post{ID: id, At: item.At.UTC(), Body: data.Body}, err
}

// Publish implements feed.Side.
func (t *Side) Publish(ctx context.Context, p feed.Post) error {
	return t.db.WithContext(ctx).Create(&posts{ID: p.ID, AuthorID: p.Author, CreatedAt: p.At, Body: p.Body}).Error
}

// Edit implements feed.Side.
func (t *Side) Edit(ctx context.Context, p feed.Post) error {
	return t.db.WithContext(ctx).Model(&posts{ID: p.ID}).Update("body", p.Body).Error
}

// Delete implements feed.Side.
func (t *Side) Delete(ctx context.Context, p feed.Post) error {
	return t.db.WithContext(ctx).Delete(&posts{ID: p.ID}).Error
}

// Follow implements feed.Side.
func (t *Side) Follow(ctx context.Context, user, author uint32) error {
	return t.db.WithContext(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&follows{FollowerID: user, AuthorID: author}).Error
}

// Unfollow implements feed.Side.
func (t *Side) Unfollow(ctx context.Context, user, author uint32) error {
	return t.db.WithContext(ctx).Delete(&follows{FollowerID: user, AuthorID: author}).Error
}

// Settle implements feed.Side.
func (t *Side) Settle(ctx context.Context) error { return t.plugin.Drain(ctx) }

// Written implements feed.Side.
func (t *Side) Written() feed.Written { return t.store.written() }

// About implements feed.Side.
func (t *Side) About(context.Context) (string, error) {
	return fmt.Sprintf("%s, Callbacks, delivery in the background", t.about), nil
}

// Close implements feed.Side.
func (t *Side) Close() error {
	t.stop()
	err := <-t.ended
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	plain, failed := t.db.DB()
	if failed == nil {
		failed = plain.Close()
	}
	return errors.Join(err, failed, t.store.Close())
}
