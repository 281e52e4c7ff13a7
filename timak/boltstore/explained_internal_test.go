package boltstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
)

const explainedKeys = 60

// storeFile returns the contents of a closed store's file that has pages of every
// kind.
func storeFile(t *testing.T) []byte {
	t.Helper()
	s := openStore(t)
	fill(t, s, explainedKeys)
	for i := range explainedKeys {
		if _, err := s.Add(t.Context(), fmt.Sprintf("key %04d", i), make([]byte, 500), nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	whole, err := os.ReadFile(s.path)
	if err != nil {
		t.Fatal(err)
	}
	return whole
}

// errorsOf opens a store in a file with these bytes, uses it, and returns all
// errors. It fails the test for an error that does not explain itself.
func errorsOf(t *testing.T, path, name string, content []byte) (opened bool, all []error) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path, &Options{NoSync: true})
	note := func(err error) {
		if err != nil {
			all = append(all, err)
			wantExplained(t, name, path, err)
		}
	}
	note(err)
	if err != nil {
		return false, all
	}
	defer func() { _ = s.Close() }()
	for i := range explainedKeys {
		_, err := s.Get(t.Context(), fmt.Sprintf("key %04d", i))
		note(err)
	}
	for _, i := range []int{0, explainedKeys / 2, explainedKeys - 1} {
		_, err := s.Add(t.Context(), fmt.Sprintf("key %04d", i), []byte("x"), nil)
		note(err)
		_, err = s.Put(t.Context(), fmt.Sprintf("key %04d", i), []byte("x"), nil)
		note(err)
	}
	return true, all
}

// wantExplained checks that an error says that the file is damaged, which file it
// is, and what to do, without details of the program.
func wantExplained(t *testing.T, name, path string, err error) {
	t.Helper()
	text := err.Error()
	for _, want := range []string{"file is damaged", path, "restore it from a copy, or move it away and rebuild the timelines"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s: got %q, want %q in it", name, text, want)
		}
	}
	for _, bad := range []string{"invalid memory address", "nil pointer", "runtime error", "out of range"} {
		if strings.Contains(text, bad) {
			t.Errorf("%s: got %q, which says %q", name, text, bad)
		}
	}
	if !errors.Is(err, ErrDamaged) {
		t.Errorf("%s: got %v, want ErrDamaged", name, err)
	}
}

// A file that was cut short is refused when it is opened, wherever it was cut.
func TestCutFileIsRefused(t *testing.T) {
	t.Parallel()
	whole, page := storeFile(t), os.Getpagesize()
	path := filepath.Join(t.TempDir(), "feed.db")
	for size := page / 2; size < len(whole); size += page / 2 {
		name := fmt.Sprintf("cut to %d bytes", size)
		opened, all := errorsOf(t, path, name, whole[:size])
		if opened {
			t.Errorf("%s: Open returned a store", name)
			continue
		}
		if want := fmt.Sprintf("it was cut short: it has %d of %d bytes", size, len(whole)); size >= 2*page && !strings.Contains(all[0].Error(), want) {
			t.Errorf("%s: got %v, want %q in it", name, all[0], want)
		}
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, whole[:size]) {
			t.Errorf("%s: Open changed the file (error %v)", name, err)
		}
	}
	if opened, all := errorsOf(t, path, "whole", whole); !opened || len(all) > 0 {
		t.Errorf("the whole file: got %v", all)
	}
}

// When a file is cut short under a running store, every call says so.
func TestCutUnderAStore(t *testing.T) {
	t.Parallel()
	page := int64(os.Getpagesize())
	for _, size := range []int64{0, page, 2 * page, 5*page + 7} {
		s := openStore(t)
		key := fill(t, s, explainedKeys)
		_ = tokenOf(t, s, key) // a transaction that sees what the last put has written
		info, err := os.Stat(s.path)
		if err == nil {
			err = os.Truncate(s.path, size)
		}
		if err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("it was cut short: it has %d of %d bytes", size, info.Size())
		for range 2 {
			_, getErr := s.Get(t.Context(), key)
			putErr := soon(t, "Put", startPut(t, s, key).failed)
			for call, err := range map[string]error{"Get": getErr, "Put": putErr} {
				name := fmt.Sprintf("%s after a cut to %d bytes", call, size)
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%s: got %v, want %q in it", name, err, want)
					continue
				}
				wantExplained(t, name, s.path, err)
			}
		}
	}
}

func TestZeroedPagesAreExplained(t *testing.T) {
	t.Parallel()
	whole, page := storeFile(t), os.Getpagesize()
	path := filepath.Join(t.TempDir(), "feed.db")
	found := 0
	for at := 0; at < len(whole); at += page {
		b := bytes.Clone(whole)
		clear(b[at : at+page])
		_, all := errorsOf(t, path, fmt.Sprintf("page %d zeroed", at/page), b)
		found += len(all)
	}
	if found == 0 {
		t.Error("no error was seen")
	}
}

// Bits flip in the first bytes of a page (its header and first elements, of
// branches and leaves) and in the middle of its contents. The free list is not
// included: bbolt has no checksum that would reveal a wrong number in it.
func TestFlippedBitsAreExplained(t *testing.T) {
	t.Parallel()
	whole, page := storeFile(t), os.Getpagesize()
	path := filepath.Join(t.TempDir(), "feed.db")
	const header, freelist = 16, 0x10
	found := 0
	for at := 0; at < len(whole); at += page {
		last := page / 2
		if whole[at+8] == freelist && whole[at+9] == 0 {
			last = header
		}
		for _, offset := range []int{0, 3, 7, 8, 9, 10, 11, 12, 15, 16, 20, 24, 28, 36, page / 2} {
			if offset >= last {
				continue
			}
			b := bytes.Clone(whole)
			b[at+offset] ^= 1 << (offset % 8)
			_, all := errorsOf(t, path, fmt.Sprintf("page %d, byte %d", at/page, offset), b)
			found += len(all)
		}
	}
	if found == 0 {
		t.Error("no error was seen")
	}
}

// A file that is too new for this program is not damaged: its owner must not throw
// it away.
func TestFileOfALaterVersion(t *testing.T) {
	t.Parallel()
	b, page := storeFile(t), os.Getpagesize()
	for _, at := range []int{0, page} { // the two that hold bbolt's version
		meta := b[at+16 : at+16+64]
		binary.NativeEndian.PutUint32(meta[4:], 3)
		sum := fnv.New64a()
		_, _ = sum.Write(meta[:56])
		binary.NativeEndian.PutUint64(meta[56:], sum.Sum64())
	}
	path := filepath.Join(t.TempDir(), "feed.db")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // a failed Open leaves no lock behind
		_, err := Open(path, &Options{NoSync: true})
		if !errors.Is(err, ErrVersion) || errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v, want ErrVersion, not ErrDamaged, and the file's name", err)
		}
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, b) {
		t.Errorf("Open changed the file (error %v)", err)
	}
}

// A bbolt database of another program is left unchanged.
func TestDatabaseOfAnotherProgram(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "feed.db")
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("users")); return err })
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(path, &Options{NoSync: true})
	if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), `holds "users"`) || !strings.Contains(err.Error(), "another path") {
		t.Errorf("got %v, want ErrDamaged that tells of the bucket and what to do", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("Open changed the file (error %v)", err)
	}
}
