package boltstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/timak-go/timak/timak/boltstore"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
)

// fast is for tests that survive no machine crash.
var fast = &boltstore.Options{NoSync: true}

// open opens the store at path, and closes it after the test.
func open(t *testing.T, path string) *boltstore.Store {
	t.Helper()
	store, err := boltstore.Open(path, fast)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { closeStore(t, store) })
	return store
}

func closeStore(t *testing.T, store driver.Store) {
	t.Helper()
	if err := store.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func put(t *testing.T, store driver.Store, value string, token driver.Token) driver.Token {
	t.Helper()
	got, err := store.Put(t.Context(), "k", []byte(value), token)
	if err != nil {
		t.Fatalf("Put(%q): %v", value, err)
	}
	return got
}

// want compares the siblings under key k, in the order of their puts.
func want(t *testing.T, store driver.Store, values ...string) driver.Object {
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

func TestConformance(t *testing.T) {
	t.Parallel()
	drivertest.Run(t, func(t *testing.T) driver.Store {
		return open(t, filepath.Join(t.TempDir(), "feed.db"))
	})
}

func TestReopenKeepsSiblingsAndTokens(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "feed.db")
	store := open(t, path)
	sawOne := put(t, store, "1", nil)
	put(t, store, "2", nil)
	sawBoth := want(t, store, "1", "2").Token
	closeStore(t, store)

	store = open(t, path)
	again := want(t, store, "1", "2").Token
	if diff := cmp.Diff(sawBoth, again); diff != "" {
		t.Errorf("token after reopening (-before +after):\n%s", diff)
	}
	put(t, store, "3", sawOne)
	want(t, store, "2", "3")
	closeStore(t, store)

	store = open(t, path)
	put(t, store, "4", sawBoth)
	want(t, store, "3", "4")
}

func TestOpenWritesNothingToAStore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "feed.db")
	store := open(t, path)
	put(t, store, "1", nil)
	closeStore(t, store)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	closeStore(t, open(t, path))
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("Open and Close changed the file (error %v)", err)
	}
}

func TestNilOptions(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "feed.db")
	store, err := boltstore.Open(path, nil)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	put(t, store, "1", nil)
	closeStore(t, store)
	want(t, open(t, path), "1")
}

func TestPutReturnsATokenForTheOnlySibling(t *testing.T) {
	t.Parallel()
	store := open(t, filepath.Join(t.TempDir(), "feed.db"))
	if token := put(t, store, "1", nil); token == nil {
		t.Error("Put on an absent key returned no token")
	}
}

func TestEndedContextStoresNothing(t *testing.T) {
	t.Parallel()
	store := open(t, filepath.Join(t.TempDir(), "feed.db"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 { // a select with two ready cases chooses at random
		time.Sleep(time.Millisecond) // so that the writer is idle
		if _, err := store.Put(ctx, "k", []byte("1"), nil); !errors.Is(err, context.Canceled) {
			t.Errorf("Put: got %v, want context.Canceled", err)
		}
	}
	if _, err := store.Put(t.Context(), "behind them", nil, nil); err != nil {
		t.Fatalf("Put: %v", err)
	}
	want(t, store)
}

// bbolt accepts neither an empty key nor one over 32 KiB.
func TestPutNamesTheKeyThatBoltRefuses(t *testing.T) {
	t.Parallel()
	store := open(t, filepath.Join(t.TempDir(), "feed.db"))
	for _, key := range []string{"", strings.Repeat("k", 1<<16)} {
		_, err := store.Put(t.Context(), key, []byte("1"), nil)
		if err == nil || !strings.Contains(err.Error(), "key") {
			t.Errorf("Put under a key of %d bytes: got %v, want an error about it", len(key), err)
		}
	}
	put(t, store, "1", nil)
	want(t, store, "1")
}

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "timak")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "feed.db")

	store, err := boltstore.Open(path, nil)
	if err != nil {
		log.Fatal(err)
	}
	_, _ = store.Put(context.Background(), "colour", []byte("red"), nil)

	// A file belongs to one store at a time.
	_, err = boltstore.Open(path, &boltstore.Options{Timeout: -1})
	fmt.Println("in use:", errors.Is(err, boltstore.ErrInUse))
	_ = store.Close()

	store, err = boltstore.Open(path, nil)
	if err != nil {
		log.Fatal(err)
	}
	obj, _ := store.Get(context.Background(), "colour")
	fmt.Printf("kept: %s\n", obj.Siblings)
	_ = store.Close()
	// Output:
	// in use: true
	// kept: [red]
}
