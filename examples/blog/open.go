package main

import (
	"context"
	"errors"
	"log/slog"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/inuse"
	"github.com/timak-go/timak/examples/blog/internal/storage"
	"github.com/timak-go/timak/timak"
)

// opened is a blog, and the use of what it is kept in.
type opened struct {
	blog *blog.Blog
	use  *inuse.Use
	kind storage.Kind // of the timelines' store
}

// withBlog opens everything for do, and closes it afterwards.
func withBlog(ctx context.Context, c config, log *slog.Logger, do func(opened) error) (err error) {
	s, err := storage.Open(ctx, c.storage)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if c.mustExist && !blog.Exists(ctx, s.DB) {
		return errors.New("this database holds no blog")
	}
	store, err := s.OpenTimelines(ctx, log)
	if err != nil {
		return err
	}
	timelines := timak.New(store, &timak.Options{Logger: log})
	o := opened{kind: c.storage.Timelines()}
	o.use, err = inuse.Open(ctx, s.DB, timelines, c.storage, log, func() (err error) {
		o.blog, err = blog.Open(ctx, s.DB, timelines, log)
		return err
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.use.Close()) }()
	return do(o)
}

// begin begins to use the timelines. It returns an *inuse.WrongError if the blog has them
// elsewhere.
func (o opened) begin(ctx context.Context) error {
	return o.use.Begin(ctx, func() (bool, error) { return o.fresh(ctx) })
}

// fresh decides whether a database that has not noted where its timelines are has them in
// this store: a new one has, and one of an earlier release, where they were in the folder or
// in Riak.
func (o opened) fresh(ctx context.Context) (bool, error) {
	if o.kind == storage.File || o.kind == storage.Riak {
		return o.blog.Filled(ctx)
	}
	return o.blog.Empty(ctx)
}
