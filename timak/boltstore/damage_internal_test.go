package boltstore

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"github.com/timak-go/timak/timak/driver"
)

// fill puts a value under each of n keys, and returns a key.
func fill(t *testing.T, s *Store, n int) (key string) {
	t.Helper()
	for i := range n {
		key = fmt.Sprintf("key %04d", i)
		if _, err := s.Put(t.Context(), key, make([]byte, 100+40*i), nil); err != nil {
			t.Fatalf("Put(%q): %v", key, err)
		}
	}
	return key
}

// edit changes the stored record of key without the store's knowledge.
func edit(t *testing.T, s *Store, key string, change func(record []byte) []byte) {
	t.Helper()
	err := s.file.db.Update(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket([]byte(bucketName)).Bucket([]byte(key))
		record := append([]byte(nil), bucket.Get([]byte(recordName))...)
		return bucket.Put([]byte(recordName), change(record))
	})
	if err != nil {
		t.Fatalf("editing %q: %v", key, err)
	}
}

func stored(t *testing.T, s *Store, key string) (record []byte) {
	t.Helper()
	err := s.file.db.View(func(tx *bbolt.Tx) error {
		record = append(record, tx.Bucket([]byte(bucketName)).Bucket([]byte(key)).Get([]byte(recordName))...)
		return nil
	})
	if err != nil {
		t.Fatalf("reading %q: %v", key, err)
	}
	return record
}

func TestDamagedRecord(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	fill(t, s, 3)
	good := stored(t, s, "key 0000")
	tests := map[string]func([]byte) []byte{
		"a flipped bit":      func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		"cut short":          func(b []byte) []byte { return b[:len(b)-1] },
		"nothing":            func([]byte) []byte { return nil },
		"another key's":      func([]byte) []byte { return good },
		"of a later version": func(b []byte) []byte { b[0]++; return b },
	}
	for name, change := range tests {
		edit(t, s, "key 0001", change)
		before := stored(t, s, "key 0001")
		if _, err := s.Get(t.Context(), "key 0001"); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: Get: got %v, want ErrDamaged", name, err)
		}
		if _, err := s.Put(t.Context(), "key 0001", []byte("x"), nil); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: Put: got %v, want ErrDamaged", name, err)
		}
		if diff := cmp.Diff(before, stored(t, s, "key 0001")); diff != "" {
			t.Errorf("%s: the record was changed (-before +after):\n%s", name, diff)
		}
		if err := soon(t, "Put", startPut(t, s, name).failed); err != nil {
			t.Errorf("%s: Put of another key: %v", name, err)
		}
		wantStored(t, s, name)
	}
}

func TestMissingBucket(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	err := s.file.db.Update(func(tx *bbolt.Tx) error { return tx.DeleteBucket([]byte(bucketName)) })
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Get(t.Context(), "k")
	if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "bucket") {
		t.Errorf("Get: got %v, want ErrDamaged about the bucket", err)
	}
	_, err = s.Put(t.Context(), "k", nil, nil)
	if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "bucket") {
		t.Errorf("Put: got %v, want ErrDamaged about the bucket", err)
	}
}

// Cutting a file short under a running store makes reads of the mapped memory
// fault.
func TestFileCutShort(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int64{"to nothing": 0, "to its first pages": 4 * int64(os.Getpagesize())} {
		s := openStore(t)
		key := fill(t, s, 100)
		if err := os.Truncate(s.path, size); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			get := background(func() error { _, err := s.Get(t.Context(), key); return err })
			if err := soon(t, name+": Get", get); !errors.Is(err, ErrDamaged) {
				t.Errorf("%s: Get: got %v, want ErrDamaged", name, err)
			}
			if err := soon(t, name+": Put", startPut(t, s, key).failed); !errors.Is(err, ErrDamaged) {
				t.Errorf("%s: Put: got %v, want ErrDamaged", name, err)
			}
		}
		if err := soon(t, name+": Close", background(s.Close)); err != nil {
			t.Errorf("%s: Close: %v", name, err)
		}
		for range 2 { // a failed Open leaves no lock behind
			reopened, err := Open(s.path, &Options{NoSync: true})
			if err == nil {
				_ = reopened.Close()
			}
			if size > 0 && !errors.Is(err, ErrDamaged) {
				t.Errorf("%s: Open: got %v, want ErrDamaged", name, err)
			}
		}
	}
}

// Once a Put has found damage in the file's structure, no further Put is tried;
// readable records stay readable.
func TestPutStopsAtDamage(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	key := fill(t, s, 3)
	err := s.file.update(func(*bbolt.Tx) error { panic("page 7 is damaged") })
	if !errors.Is(err, ErrDamaged) {
		t.Errorf("update: got %v, want ErrDamaged", err)
	}
	if _, err := s.Put(t.Context(), key, []byte("x"), nil); !errors.Is(err, ErrDamaged) {
		t.Errorf("Put: got %v, want ErrDamaged", err)
	}
	if _, err := s.Get(t.Context(), key); err != nil {
		t.Errorf("Get: %v", err)
	}
}

// TestDamagedPages opens files with a page overwritten or the end missing. Anything
// damaged may be refused; but nothing may panic or hang, and what is returned must
// be what was stored.
func TestDamagedPages(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	fill(t, s, 120)
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	whole, err := os.ReadFile(s.path)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "feed.db")
	for seed := range uint64(60) {
		if err := os.WriteFile(path, damagePage(whole, seed), 0o600); err != nil {
			t.Fatal(err)
		}
		used := background(func() error { return use(t, path) })
		if err := soon(t, fmt.Sprintf("seed %d", seed), used); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}

// damagePage returns a copy of a file with some of its bytes changed.
func damagePage(whole []byte, seed uint64) []byte {
	random := rand.New(rand.NewPCG(seed, 1))
	b := append([]byte(nil), whole...)
	page := os.Getpagesize()
	at := random.IntN(len(b)/page) * page
	switch random.IntN(4) {
	case 0: // a page of noise
		for i := range page {
			b[at+i] = byte(random.Uint32())
		}
	case 1: // a page that was never written
		clear(b[at : at+page])
	case 2: // another page's contents
		copy(b[at:at+page], b[random.IntN(len(b)/page)*page:])
	case 3: // the rest is missing
		b = b[:at]
	}
	return b
}

// use reads and writes every key of the store at path. Every error must be
// ErrDamaged; every value must be zeroes, or one that use wrote.
func use(t *testing.T, path string) error {
	s, err := Open(path, &Options{NoSync: true})
	if err != nil {
		return unlessDamaged(err)
	}
	defer func() { _ = s.Close() }()
	for i := range 120 {
		key := fmt.Sprintf("key %04d", i)
		obj, err := s.Get(t.Context(), key)
		if err := unlessDamaged(err); err != nil {
			return err
		}
		for _, v := range obj.Siblings {
			if want := make([]byte, 100+40*i); !bytes.Equal(v, want) {
				return fmt.Errorf("%s: got %x, want %d zeroes", key, v, len(want))
			}
		}
		_, err = s.Put(t.Context(), key, make([]byte, 100+40*i), obj.Token)
		if err := unlessDamaged(err); err != nil {
			return err
		}
	}
	return nil
}

func unlessDamaged(err error) error {
	if errors.Is(err, ErrDamaged) {
		return nil
	}
	return err
}

// A failing disk is ErrUnavailable: reads go on, and so do writes once it works
// again.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	key := fill(t, s, 10)
	s.file.db.MaxSize = 1 // like a full disk: not one more byte
	_, err := s.Put(t.Context(), key, make([]byte, 1<<20), nil)
	if !errors.Is(err, driver.ErrUnavailable) {
		t.Errorf("Put on a full disk: got %v, want ErrUnavailable", err)
	}
	if obj, err := s.Get(t.Context(), key); err != nil || len(obj.Siblings) != 1 {
		t.Errorf("Get on a full disk: got %d siblings, %v; want 1", len(obj.Siblings), err)
	}
	s.file.db.MaxSize = 0
	if err := soon(t, "Put", startPut(t, s, "k").failed); err != nil {
		t.Errorf("Put after there is room again: %v", err)
	}
	wantStored(t, s, "k")
}

func TestFailingDisk(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	key := fill(t, s, 10)
	if err := s.file.handle.Close(); err != nil { // every write fails from now on
		t.Fatal(err)
	}
	_, err := s.Put(t.Context(), key, []byte("x"), nil)
	if !errors.Is(err, driver.ErrUnavailable) || !errors.Is(err, os.ErrClosed) {
		t.Errorf("Put: got %v, want ErrUnavailable and its cause", err)
	}
	if obj, err := s.Get(t.Context(), key); err != nil || len(obj.Siblings) != 1 {
		t.Errorf("Get: got %d siblings, %v; want 1", len(obj.Siblings), err)
	}
	if err := s.Close(); err == nil {
		t.Error("Close of a file that cannot be closed returned no error")
	}
	if err := s.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}
