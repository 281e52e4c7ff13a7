// Package storage opens what a blog is kept in: a database for its tables, and a store
// for its timelines.
package storage

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/secret"
)

// Config says where a blog is kept. Without any server, that is the folder.
type Config struct {
	// Folder has the file of the tables, if they are not in Postgres, and that of the
	// timelines, if they are on no server. It is not used if both are on servers.
	Folder string

	Postgres secret.Text // DSN of the database of the tables; empty: SQLite, in the folder
	Redis    secret.Text // URL of the Redis of the timelines; empty: none
	Riak     []string    // nodes of the cluster of the timelines; empty: none

	// How long to wait for a server that does not answer.
	PostgresWait, RedisWait, RiakWait time.Duration
}

// Kind is a kind of store for timelines. Its text stays the same from release to release:
// databases keep it.
type Kind string

// The kinds of stores.
const (
	File     Kind = "file" // in the folder
	Postgres Kind = "postgres"
	Redis    Kind = "redis"
	Riak     Kind = "riak"
)

// OnPostgres reports whether the tables are in Postgres.
func (c Config) OnPostgres() bool { return c.Postgres.Reveal() != "" }

// Timelines returns the kind of the store of the timelines: where the configuration says,
// or else beside the tables.
func (c Config) Timelines() Kind {
	switch {
	case c.Redis.Reveal() != "":
		return Redis
	case len(c.Riak) > 0:
		return Riak
	case c.OnPostgres():
		return Postgres
	default:
		return File
	}
}

// Place says where a blog whose timelines are in a store of this kind has them, to go on
// after "timelines in".
func (c Config) Place(k Kind) string {
	switch k {
	case File:
		return c.Folder
	case Postgres:
		return "Postgres"
	case Redis:
		return "Redis"
	case Riak:
		return "Riak"
	default:
		return string(k) // of a later release
	}
}

// String says where the blog is kept, without any DSN or URL.
func (c Config) String() string {
	switch kind := c.Timelines(); {
	case kind == File:
		return "SQLite and timelines in " + c.Folder
	case kind == Postgres:
		return "tables and timelines in Postgres"
	case c.OnPostgres():
		return "tables in Postgres, timelines in " + c.Place(kind)
	default:
		return "SQLite in " + c.Folder + ", timelines in " + c.Place(kind)
	}
}

// Storage is what a blog is kept in, opened.
type Storage struct {
	DB *gorm.DB

	config  Config
	folder  driver.Store // the timelines in the folder, and the lock on it; nil if it is not used
	closers []func() error
}

// Open opens the database of a configuration. On SQLite it locks the folder against other
// blogs, wherever the timelines are.
func Open(ctx context.Context, c Config) (*Storage, error) {
	s := &Storage{config: c}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// OpenTables opens the database alone, which a blog may be using.
func OpenTables(ctx context.Context, c Config) (*Storage, error) {
	s := &Storage{config: c}
	if err := s.openTables(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Storage) open(ctx context.Context) (err error) {
	if !s.config.OnPostgres() {
		if s.folder, err = s.closing(openFolder(s.config.Folder)); err != nil {
			return err
		}
	}
	return s.openTables(ctx)
}

// OpenTimelines opens the store of the timelines, until Close.
func (s *Storage) OpenTimelines(ctx context.Context, log *slog.Logger) (driver.Store, error) {
	switch s.config.Timelines() {
	case Redis:
		return s.closing(openRedis(ctx, s.config))
	case Riak:
		return s.closing(openRiak(ctx, s.config, log))
	case Postgres:
		return s.openPostgres(ctx)
	default:
		return s.folder, nil
	}
}

// closing returns a store, which Close is to close.
func (s *Storage) closing(store driver.Store, err error) (driver.Store, error) {
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, store.Close)
	return store, nil
}

// Close closes everything that was opened, the last first.
func (s *Storage) Close() error {
	var errs []error
	for _, closer := range slices.Backward(s.closers) {
		errs = append(errs, closer())
	}
	return errors.Join(errs...)
}
