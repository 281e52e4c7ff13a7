package boltstore

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/internal/bench"
)

// An addition is written with the others of its key, and the pages that lead there: not the
// record, however long it is.
func TestAddWritesNoRecord(t *testing.T) {
	t.Parallel()
	page := os.Getpagesize()
	s := openStore(t)
	record, added := make([]byte, 90<<10), make([]byte, 300)
	const keys, additions = 100, 16
	name := func(i int) string { return fmt.Sprintf("author:%d:posts", i) }
	for i := range keys {
		wantWritten(t, s, write{key: name(i), value: record})
	}
	for n := range additions {
		for i := range keys {
			got := wantWritten(t, s, write{key: name(i), value: added, token: tokenOf(t, s, name(i)), adds: true})
			// the additions of two keys, which share a leaf, the branch that leads there, the
			// buckets' own page and, of two pages at most, the list of free ones
			if want := 2*(n+1)*len(added) + 7*page; got > want {
				t.Fatalf("addition %d of key %d wrote %d bytes, want at most %d", n, i, got, want)
			}
		}
	}
	got := wantWritten(t, s, write{key: name(7), value: record, token: tokenOf(t, s, name(7))})
	if got < len(record) {
		t.Errorf("a put wrote %d bytes", got)
	}
	for i, want := range map[int]int{6: 1 + additions, 7: 1, 8: 1 + additions} {
		if obj, err := s.Get(t.Context(), name(i)); err != nil || len(obj.Siblings) != want {
			t.Errorf("key %d: got %d siblings, %v, want %d", i, len(obj.Siblings), err, want)
		}
	}
}

// A long timeline is added to, sixteen times between two writes of all.
func TestEngineAdds(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	engine := timak.New(s, nil)
	if _, err := engine.Apply(t.Context(), "k", bench.Fill(bench.MaxItems, bench.Post)...); err != nil {
		t.Fatal(err)
	}
	for n := range 34 {
		if _, err := engine.Apply(t.Context(), "k", timak.Put(bench.Post(bench.MaxItems+n))); err != nil {
			t.Fatal(err)
		}
		page, err := engine.Page(t.Context(), "k", timak.Query{})
		if err != nil || page.Items[0].ID != bench.Post(bench.MaxItems+n).ID || page.Items[19].ID != bench.Post(bench.MaxItems+n-19).ID {
			t.Fatalf("after %d: got %v, %v", n, page.Items, err)
		}
	}
	if got := engine.Stats(); got.Additions != 32 || got.Writes != 35 {
		t.Errorf("got %d additions of %d writes, want 32 of 35", got.Additions, got.Writes)
	}
}

// A record of the first format may be read by a program that knows of no additions. It is
// written again, with what is added to it.
func TestAddToAnOldRecord(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	putBeside(t, s, "k", "old")
	obj, err := s.Get(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{"new", "newer"} {
		if obj.Token, err = s.Add(t.Context(), "k", []byte(value), obj.Token); err != nil || obj.Token == nil {
			t.Fatalf("Add: token %x, %v", obj.Token, err)
		}
	}
	wantTexts(t, s, "k", "old", "new", "newer")
	err = s.file.view(func(tx *bbolt.Tx) error {
		found, err := load(tx, "k")
		if got := found.record.Len(); got != 2 {
			t.Errorf("the record has %d siblings, want the old one and the first that was added", got)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// Damaged additions are damage, which nothing is written over.
func TestDamagedAdditions(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(added []byte) []byte{
		"flipped": func(added []byte) []byte { added[len(added)-1] ^= 4; return added },
		"cut off": func(added []byte) []byte { return added[:len(added)-1] },
	} {
		s := openStore(t)
		token, err := s.Put(t.Context(), "k", make([]byte, 40<<10), nil)
		if err == nil {
			_, err = s.Add(t.Context(), "k", []byte("added"), token)
		}
		if err != nil {
			t.Fatal(err)
		}
		err = s.file.db.Update(func(tx *bbolt.Tx) error {
			bucket := tx.Bucket([]byte(addedName))
			return bucket.Put([]byte("k"), damage(append([]byte(nil), bucket.Get([]byte("k"))...)))
		})
		if err != nil {
			t.Fatal(err)
		}
		_, getErr := s.Get(t.Context(), "k")
		_, _, partErr := s.GetPart(t.Context(), "k", 100)
		_, putErr := s.Put(t.Context(), "k", []byte("x"), token)
		_, addErr := s.Add(t.Context(), "k", []byte("x"), token)
		for call, err := range map[string]error{"Get": getErr, "GetPart": partErr, "Put": putErr, "Add": addErr} {
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("%s, %s: got %v, want ErrDamaged", name, call, err)
			}
		}
	}
}
