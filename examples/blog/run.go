package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/web"
	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/boltstore"
)

// run is the program: it serves until ctx ends and returns the exit code.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	c, err := parseConfig(args, getenv, stdout, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	err = serve(ctx, c, stdout, log)
	if err == nil || errors.Is(err, context.Canceled) { // told to stop before it had started
		return 0
	}
	say(stderr, "blog: %v", err)
	return 1
}

// serve opens everything, serves until ctx ends, and closes everything.
func serve(ctx context.Context, c config, stdout io.Writer, log *slog.Logger) (err error) {
	store, err := openStore(c.data)
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

	b, err := blog.Open(ctx, db, timak.New(store, &timak.Options{Logger: log}), log)
	if err != nil {
		return err
	}
	listener, err := listen(ctx, c.addr)
	if err != nil {
		return err
	}
	say(stdout, "blog: listening on http://%s (%s)", listener.Addr(), c.places())
	c.web.Logger = log
	s := newServer(listener, web.New(b, &c.web), log)
	return s.run(ctx, b, c.stopWait)
}

// places says where the blog keeps its data, and nothing of a DSN.
func (c config) places() string {
	if c.postgres != "" {
		return "tables in Postgres, timelines in " + c.data
	}
	return "SQLite and timelines in " + c.data
}

// openStore makes the data folder if need be and opens the timelines in it.
func openStore(folder string) (*boltstore.Store, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	store, err := boltstore.Open(filepath.Join(folder, "timelines.bolt"), nil)
	switch {
	case errors.Is(err, boltstore.ErrInUse):
		return nil, fmt.Errorf("another blog is using the data folder %s: stop it, or choose another folder with -data", folder)
	case errors.Is(err, os.ErrPermission):
		return nil, fmt.Errorf("the data folder %s is not writable: %w", folder, err)
	case err != nil:
		return nil, fmt.Errorf("open the timelines: %w", err)
	}
	return store, nil
}

func listen(ctx context.Context, addr string) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use by another program: stop it, or choose another address with -addr", addr)
	}
	return listener, err
}
