package boltstore_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/timak-go/timak/timak/boltstore"
	"github.com/timak-go/timak/timak/driver"
)

var readOnly = &boltstore.Options{ReadOnly: true, Timeout: -1}

// openReadOnly opens an existing store for reading, and closes it after the test.
func openReadOnly(t *testing.T, path string) *boltstore.Store {
	t.Helper()
	store, err := boltstore.Open(path, readOnly)
	if err != nil {
		t.Fatalf("Open for reading: %v", err)
	}
	t.Cleanup(func() { closeStore(t, store) })
	return store
}

// filled makes a file with a store of two siblings, and returns its path.
func filled(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "feed.db")
	store := open(t, path)
	put(t, store, "1", nil)
	put(t, store, "2", nil)
	closeStore(t, store)
	return path
}

// A file that is open for reading is read and listed by any number of stores, takes no
// put, and stays as it is, byte for byte.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	path := filled(t)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	store := openReadOnly(t, path)
	want(t, openReadOnly(t, path), "1", "2")
	token := want(t, store, "1", "2").Token
	var keys []string
	for key, err := range store.Keys(t.Context(), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	if !slices.Equal(keys, []string{"k"}) {
		t.Errorf("Keys: got %q, want k", keys)
	}
	_, err = store.Put(t.Context(), "k", []byte("3"), token)
	if !errors.Is(err, boltstore.ErrReadOnly) || !strings.Contains(err.Error(), path) {
		t.Errorf("Put: got %v, want ErrReadOnly and the file's name", err)
	}
	want(t, store, "1", "2")
	closeStore(t, store)
	if _, err := store.Put(t.Context(), "k", nil, nil); !errors.Is(err, driver.ErrClosed) {
		t.Errorf("Put after Close: got %v, want ErrClosed", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file has changed (error %v)", err)
	}
}

// Readers and a writer exclude each other, and both are told what to do.
func TestReadOnly_inUse(t *testing.T) {
	t.Parallel()
	path := filled(t)
	writer := open(t, path)
	wantInUse(t, path, readOnly)
	closeStore(t, writer)

	reader := openReadOnly(t, path)
	wantInUse(t, path, &boltstore.Options{Timeout: -1})
	closeStore(t, reader)
	put(t, open(t, path), "3", nil)
}

// Opening for reading makes no file, nor a store of a file that is none.
func TestReadOnly_noStore(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "feed.db")
	_, err := boltstore.Open(missing, readOnly)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("Open of a missing file: got %v, want fs.ErrNotExist and the file's name", err)
	}
	if _, err := os.Stat(missing); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of a missing file has made it (error %v)", err)
	}
	for name, content := range map[string]string{"empty": "", "text": "no database\n"} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := boltstore.Open(path, readOnly)
		if !errors.Is(err, boltstore.ErrDamaged) || !strings.Contains(err.Error(), path) {
			t.Errorf("Open of a file that is %s: got %v, want ErrDamaged and the file's name", name, err)
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != content {
			t.Errorf("Open of a file that is %s has changed it: %q, %v", name, after, err)
		}
	}
}
