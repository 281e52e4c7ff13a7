package pgstore

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/timak-go/timak/timak/driver"
)

// MaxKeyLen is the longest key, in bytes; it is that of a timeline.
const MaxKeyLen = 512

// MaxValueLen is the largest value, in bytes: 256 MiB. The siblings of a key can hold
// 1 GB together.
const MaxValueLen = 256 << 20

// Store is a driver.Store in a table of Postgres, made by Open or New. Its methods may
// be called from any number of goroutines.
type Store struct {
	pool    *pgxpool.Pool
	owned   bool // the pool ends with the store
	sql     statements
	timeout time.Duration
	closed  atomic.Bool
}

var (
	_ driver.Store      = (*Store)(nil)
	_ driver.Lister     = (*Store)(nil)
	_ driver.PartGetter = (*Store)(nil)
	_ driver.Adder      = (*Store)(nil)
)

// Open connects to Postgres with a pool of its own, and checks that the table is
// there and may be used. dsn is a URL or keywords, as for pgx; it may hold settings
// of the pool, such as pool_max_conns=20.
//
// It returns ErrMisconfigured if the table is missing, a right is lacking or
// the user is refused, and driver.ErrUnavailable while Postgres cannot be reached.
func Open(ctx context.Context, dsn string, opts *Options) (*Store, error) {
	s, err := open(ctx, dsn, opts)
	if err != nil {
		return nil, fmt.Errorf("pgstore: open: %w", err)
	}
	return s, nil
}

func open(ctx context.Context, dsn string, opts *Options) (*Store, error) {
	all, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, errDSN
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, explain(ctx, err)
	}
	s := newStore(pool, all)
	s.owned = true
	if err := s.check(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// New returns a store that uses the application's pool, whose Close it leaves to
// the application. It does not connect: if the table is missing, calls say so.
func New(pool *pgxpool.Pool, opts *Options) (*Store, error) {
	all, err := opts.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("pgstore: new: %w", err)
	}
	return newStore(pool, all), nil
}

func newStore(pool *pgxpool.Pool, opts Options) *Store {
	return &Store{pool: pool, sql: statementsOf(opts.table()), timeout: opts.Timeout}
}

// Get returns the siblings under key and their token; see driver.Store. It never
// waits for writers.
func (s *Store) Get(ctx context.Context, key string) (driver.Object, error) {
	obj, err := s.get(ctx, key)
	if err != nil {
		return driver.Object{}, fmt.Errorf("pgstore: get %q: %w", key, explain(ctx, err))
	}
	return obj, nil
}

// GetPart returns the siblings under key, and of one of them only the beginning if it is
// longer; see driver.PartGetter. It reads only the pages of the table that hold those.
func (s *Store) GetPart(ctx context.Context, key string, length int) (obj driver.Object, whole bool, err error) {
	obj, whole, err = s.getPart(ctx, key, min(length, MaxValueLen))
	if err != nil {
		return driver.Object{}, false, fmt.Errorf("pgstore: get %q: %w", key, explain(ctx, err))
	}
	return obj, whole, nil
}

// Put stores value beside the siblings that token does not cover; see driver.Store.
// It returns a token whenever value is the only sibling. Puts of one key wait for
// each other.
//
// It returns ErrKey for a key of more than MaxKeyLen bytes, and driver.ErrTooLarge for a
// value of more than MaxValueLen, or if siblings leave too little room for it.
func (s *Store) Put(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	got, err := s.put(ctx, key, value, token)
	if err != nil {
		return nil, fmt.Errorf("pgstore: put %q: %w", key, explain(ctx, err))
	}
	return got, nil
}

// Add stores value beside all siblings; see driver.Adder. It returns a token whenever token
// covers all others. For errors see Put.
func (s *Store) Add(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	got, err := s.add(ctx, key, value, token)
	if err != nil {
		return nil, fmt.Errorf("pgstore: add %q: %w", key, explain(ctx, err))
	}
	return got, nil
}

// AddFrom returns 16 KiB; see driver.Adder. Postgres stores values of over 2 KB outside of their rows.
func (s *Store) AddFrom() int { return addFrom }

const addFrom = 16 << 10

// Close closes the pool that Open made, once its running calls have ended. The pool
// that New was given stays open. A second Close waits for the first.
func (s *Store) Close() error {
	s.closed.Store(true)
	if s.owned {
		s.pool.Close()
	}
	return nil
}

func (s *Store) put(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	mine := newDot()
	_, proved, err := s.write(ctx, s.sql.put, key, mine, value, token)
	if err != nil || !proved {
		return nil, err
	}
	return tokenOf(key, []dot{mine}), nil
}

func (s *Store) add(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	mine := newDot()
	seen, proved, err := s.write(ctx, s.sql.add, key, mine, value, token)
	if err != nil || !proved {
		return nil, err
	}
	return tokenOf(key, append(seen, mine)), nil
}

// write stores a value by a statement. It returns the dots that the token covers, and
// what the statement says is proved.
func (s *Store) write(ctx context.Context, sql, key string, mine dot, value []byte, token driver.Token) (seen []dot, proved bool, err error) {
	seen, err = parseToken(key, token)
	switch {
	case err != nil:
		return nil, false, err
	case len(key) > MaxKeyLen:
		return nil, false, fmt.Errorf("%w, got %d", ErrKey, len(key))
	case len(value) > MaxValueLen:
		return nil, false, fmt.Errorf("%w: expected at most %d bytes, got %d", driver.ErrTooLarge, MaxValueLen, len(value))
	}
	err = s.query(ctx, func(rows pgx.Rows) error { return rows.Scan(&proved) }, sql, []byte(key), mine, value, seen)
	return seen, proved, err
}

// check fails if Postgres would not carry out the store's statements.
func (s *Store) check(ctx context.Context) error {
	return explain(ctx, s.withConn(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		for _, trial := range s.sql.check {
			if _, err := conn.Exec(ctx, trial); err != nil {
				return err
			}
		}
		return nil
	}))
}
