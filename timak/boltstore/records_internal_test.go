package boltstore

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/siblings"
)

// A put writes its own record, and the pages that lead to it: none of the records of
// the keys beside it.
func TestPutWritesOneRecord(t *testing.T) {
	t.Parallel()
	page := os.Getpagesize()
	for _, size := range []int{100, page, 9 << 10, 90 << 10} {
		s := openStore(t)
		name := func(i int) string { return fmt.Sprintf("author:%d:posts", i) }
		value := make([]byte, size)
		const keys = 200
		for i := range keys {
			wantWritten(t, s, write{key: name(i), value: value})
		}
		own := (size/page + 1) * page
		for i := range keys {
			got := wantWritten(t, s, write{key: name(i), value: value, token: tokenOf(t, s, name(i))})
			// the leaf and branch that lead to the record, the buckets' own page and,
			// of two pages at most, the list of free ones
			if want := own + 5*page; got > want {
				t.Errorf("a put of %d bytes wrote %d bytes, want at most %d", size, got, want)
				break
			}
		}
	}
}

// wantWritten carries out a write and returns how many bytes of pages it wrote.
func wantWritten(t *testing.T, s *Store, w write) (written int) {
	t.Helper()
	tx, err := s.file.db.Begin(true)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(carryOut(tx, w).err, tx.Commit()); err != nil {
		t.Fatalf("put of %q: %v", w.key, err)
	}
	stats := tx.Stats()
	return int(stats.GetPageAlloc())
}

func tokenOf(t *testing.T, s *Store, key string) driver.Token {
	t.Helper()
	obj, err := s.Get(t.Context(), key)
	if err != nil {
		t.Fatalf("Get(%q): %v", key, err)
	}
	return obj.Token
}

// A record that was stored beside others, as it was at first, is read and listed
// like any other, and has its own place after the next Put.
func TestRecordBesideOthers(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 9 << 10} {
		s := openStore(t)
		long := strings.Repeat("x", size)
		putBeside(t, s, "author:1", long+"1", long+"2")
		putBeside(t, s, "author:2", long+"other")
		if _, err := s.Put(t.Context(), "author:3", []byte(long), nil); err != nil {
			t.Fatalf("Put: %v", err)
		}
		before, err := s.Get(t.Context(), "author:1")
		if err != nil || !cmp.Equal(texts(before), []string{long + "1", long + "2"}) {
			t.Fatalf("Get: got %d siblings, %v; want both", len(before.Siblings), err)
		}
		if _, err := s.Put(t.Context(), "author:1", []byte(long+"3"), before.Token); err != nil {
			t.Fatalf("Put: %v", err)
		}
		wantTexts(t, s, "author:1", long+"3")
		wantTexts(t, s, "author:2", long+"other")
		var listed []string
		for key, err := range s.Keys(t.Context(), "", "") {
			if err != nil {
				t.Fatalf("Keys: %v", err)
			}
			listed = append(listed, key)
		}
		if want := []string{"author:1", "author:2", "author:3"}; !slices.Equal(listed, want) {
			t.Errorf("Keys: got %q, want %q", listed, want)
		}
		wantBeside(t, s, "author:1", false)
		wantBeside(t, s, "author:2", true)
	}
}

// A bucket of a key that holds no record is damage: it is neither an absent key nor
// written over.
func TestBucketWithoutARecord(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	key := fill(t, s, 3)
	err := s.file.db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(bucketName)).Bucket([]byte(key)).Delete([]byte(recordName))
	})
	if err != nil {
		t.Fatal(err)
	}
	_, getErr := s.Get(t.Context(), key)
	_, putErr := s.Put(t.Context(), key, []byte("x"), nil)
	for call, err := range map[string]error{"Get": getErr, "Put": putErr} {
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), `holds no "record"`) {
			t.Errorf("%s: got %v, want ErrDamaged about the record", call, err)
		}
	}
	if _, err := s.Put(t.Context(), "another", []byte("x"), nil); err != nil {
		t.Errorf("Put of another key: %v", err)
	}
}

// What a put refuses changes nothing, though other puts of its transaction are carried
// out.
func TestRefusedInABatch(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	long := strings.Repeat("k", bbolt.MaxKeySize+1)
	results := s.writer.putAll([]write{{key: "a", value: []byte("1")}, {key: ""}, {key: long}, {key: "b", value: []byte("2")}})
	for i, want := range []bool{false, true, true, false} {
		if got := results[i].err; (got != nil) != want {
			t.Errorf("write %d: got %v, want an error: %v", i, got, want)
		}
	}
	wantTexts(t, s, "a", "1")
	wantTexts(t, s, "b", "2")
	for _, key := range []string{"", long} {
		if obj, err := s.Get(t.Context(), key); err != nil || len(obj.Siblings) > 0 {
			t.Errorf("Get of a key of %d bytes: got %d siblings, %v", len(key), len(obj.Siblings), err)
		}
	}
}

// putBeside stores a record with these siblings in the bucket of all keys.
func putBeside(t *testing.T, s *Store, key string, values ...string) {
	t.Helper()
	record := siblings.New(key)
	for _, value := range values {
		next, _, err := record.Put([]byte(value), nil)
		if err != nil {
			t.Fatal(err)
		}
		record = next
	}
	stored := record.Encode()
	stored[0] = 1 // the format of that time
	err := s.file.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte(bucketName)).Put([]byte(key), stored) })
	if err != nil {
		t.Fatal(err)
	}
}

func wantBeside(t *testing.T, s *Store, key string, want bool) {
	t.Helper()
	err := s.file.view(func(tx *bbolt.Tx) error {
		if got := tx.Bucket([]byte(bucketName)).Get([]byte(key)) != nil; got != want {
			t.Errorf("%s: stored beside others: %v, want %v", key, got, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func texts(obj driver.Object) (all []string) {
	for _, value := range obj.Siblings {
		all = append(all, string(value))
	}
	return all
}

func wantTexts(t *testing.T, s *Store, key string, want ...string) {
	t.Helper()
	obj, err := s.Get(t.Context(), key)
	if err != nil {
		t.Fatalf("Get(%q): %v", key, err)
	}
	if diff := cmp.Diff(want, texts(obj)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", key, diff)
	}
}
