package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"syscall"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/web"
	"github.com/timak-go/timak/timak"
)

// run is the program: it runs the command in args and returns the exit code.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	if len(args) > 0 && (args[0] == verify || args[0] == rebuild) {
		return runCheck(ctx, args[0], args[1:], getenv, stdout, stderr)
	}
	c, err := parseConfig(args, getenv, stdout, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	err = serve(ctx, c, stdout, log)
	if err == nil || errors.Is(err, context.Canceled) { // stopped before it had started
		return 0
	}
	say(stderr, "blog: %v", err)
	return 1
}

// serve opens everything, serves until ctx ends, and closes everything.
func serve(ctx context.Context, c config, stdout io.Writer, log *slog.Logger) error {
	return withBlog(ctx, c, log, func(b *blog.Blog) error { return serveBlog(ctx, c, b, stdout, log) })
}

// withBlog opens everything for do, and closes it afterwards.
func withBlog(ctx context.Context, c config, log *slog.Logger, do func(*blog.Blog) error) (err error) {
	store, err := openStore(ctx, c, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()

	db, err := openDatabase(ctx, c)
	if err != nil {
		return err
	}
	pool, err := db.DB()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()

	if c.mustExist && !blog.Exists(ctx, db) {
		return errors.New("this database holds no blog")
	}
	b, err := blog.Open(ctx, db, timak.New(store, &timak.Options{Logger: log}), log)
	if err != nil {
		return err
	}
	return do(b)
}

func serveBlog(ctx context.Context, c config, b *blog.Blog, stdout io.Writer, log *slog.Logger) error {
	listener, err := listen(ctx, c.addr)
	if err != nil {
		return err
	}
	say(stdout, "blog: listening on http://%s (%s)", listener.Addr(), c.places())
	c.web.Logger = log
	s := newServer(listener, web.New(b, &c.web), log)
	return s.run(ctx, b, c.stopWait)
}

// places says where the blog keeps its data, without showing a DSN.
func (c config) places() string {
	switch {
	case c.onPostgres() && c.onRiak():
		return "tables in Postgres, timelines in Riak"
	case c.onPostgres():
		return "tables in Postgres, timelines in " + c.data
	case c.onRiak():
		return "SQLite in " + c.data + ", timelines in Riak"
	default:
		return "SQLite and timelines in " + c.data
	}
}

func listen(ctx context.Context, addr string) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use by another program: stop it, or choose another address with -addr", addr)
	}
	return listener, err
}
