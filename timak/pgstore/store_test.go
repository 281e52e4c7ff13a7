package pgstore_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timak/pgstore"
	"github.com/timak-go/timak/timak/pgtest"
)

// migrated returns the DSN of a new database with the store's table.
func migrated(t testing.TB) string {
	t.Helper()
	dsn := pgtest.DSN(t)
	migrate(t, dsn, nil)
	return dsn
}

func migrate(t testing.TB, dsn string, opts *pgstore.Options) {
	t.Helper()
	if err := pgstore.Migrate(t.Context(), dsn, opts); err != nil {
		t.Fatalf("Migrate: %v", err)
	}
}

// open opens the store of a database, and closes it after the test.
func open(t testing.TB, dsn string, opts *pgstore.Options) *pgstore.Store {
	t.Helper()
	store, err := pgstore.Open(t.Context(), dsn, opts)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { closeStore(t, store) })
	return store
}

func closeStore(t testing.TB, store driver.Store) {
	t.Helper()
	if err := store.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func put(t testing.TB, store driver.Store, value string, token driver.Token) driver.Token {
	t.Helper()
	got, err := store.Put(t.Context(), "k", []byte(value), token)
	if err != nil {
		t.Fatalf("Put(%q): %v", value, err)
	}
	return got
}

// want compares the siblings under key k, in the order of their puts.
func want(t testing.TB, store driver.Store, values ...string) driver.Object {
	t.Helper()
	obj, err := store.Get(t.Context(), "k")
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	var got []string
	for _, s := range obj.Siblings {
		got = append(got, string(s))
	}
	if diff := cmp.Diff(values, got); diff != "" {
		t.Fatalf("siblings (-want +got):\n%s", diff)
	}
	return obj
}

// Any number of stores share a table.
func TestConformance(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	drivertest.Run(t, func(t *testing.T) driver.Store { return open(t, dsn, nil) })
}
