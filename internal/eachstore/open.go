package eachstore

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timak/boltstore"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timak/pgstore"
	"github.com/timak-go/timak/timak/pgtest"
	"github.com/timak-go/timak/timak/redisstore"
	"github.com/timak-go/timak/timak/redistest"
)

// Opener returns what opens stores of one of the Kinds: each call returns a new, empty
// one, which is closed when t ends, and fails t if it cannot. Stores on a server share
// that, and nothing else. t is skipped where there is no such server. Calls of open
// must not be concurrent.
func Opener(t testing.TB, kind string) (open func() driver.Store) {
	t.Helper()
	openNth := map[string]func(testing.TB) func(n int) (driver.Store, error){
		"memstore":       inMemory,
		"memstore.Adder": inAdders,
		"boltstore":      inFiles,
		"pgstore":        onPostgres,
		"redisstore":     onRedis,
	}[kind](t)
	n := 0
	return func() driver.Store {
		t.Helper()
		n++
		store, err := openNth(n)
		must(t, err)
		t.Cleanup(func() { must(t, store.Close()) })
		return store
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func inMemory(testing.TB) func(int) (driver.Store, error) {
	return func(int) (driver.Store, error) { return memstore.New(), nil }
}

func inAdders(testing.TB) func(int) (driver.Store, error) {
	return func(int) (driver.Store, error) { return memstore.NewAdder(), nil }
}

func inFiles(t testing.TB) func(int) (driver.Store, error) {
	folder := t.TempDir()
	return func(n int) (driver.Store, error) {
		return boltstore.Open(filepath.Join(folder, fmt.Sprint(n, ".db")), &boltstore.Options{NoSync: true})
	}
}

// onPostgres gives each store keys of its own in one table: to make a table takes
// longer than most tests.
func onPostgres(t testing.TB) func(int) (driver.Store, error) {
	dsn := pgtest.DSN(t)
	must(t, pgstore.Migrate(t.Context(), dsn, nil))
	pool, err := pgxpool.New(t.Context(), dsn)
	must(t, err)
	t.Cleanup(pool.Close)
	return func(n int) (driver.Store, error) {
		store, err := pgstore.New(pool, nil)
		return apart{store, store, fmt.Sprint(n, ":")}, err
	}
}

// apart is the part of a store whose keys begin with a prefix.
type apart struct {
	driver.Store

	all    *pgstore.Store // the store
	prefix string
}

// Get implements driver.Store.
func (a apart) Get(ctx context.Context, key string) (driver.Object, error) {
	return a.Store.Get(ctx, a.prefix+key)
}

// Put implements driver.Store.
func (a apart) Put(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	return a.Store.Put(ctx, a.prefix+key, value, token)
}

// GetPart implements driver.PartGetter.
func (a apart) GetPart(ctx context.Context, key string, length int) (driver.Object, bool, error) {
	return a.all.GetPart(ctx, a.prefix+key, length)
}

// Add implements driver.Adder.
func (a apart) Add(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	return a.all.Add(ctx, a.prefix+key, value, token)
}

// AddFrom implements driver.Adder.
func (a apart) AddFrom() int { return a.all.AddFrom() }

// onRedis gives each store a prefix of its own.
func onRedis(t testing.TB) func(int) (driver.Store, error) {
	url, prefix := redistest.URL(t), redistest.Prefix(t)
	opts, err := redis.ParseURL(url)
	must(t, err)
	client := redis.NewClient(opts)
	t.Cleanup(func() { must(t, client.Close()) })
	return func(n int) (driver.Store, error) {
		return redisstore.New(t.Context(), client, &redisstore.Options{Prefix: fmt.Sprint(prefix, n, ":")})
	}
}
