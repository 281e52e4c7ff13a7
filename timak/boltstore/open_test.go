package boltstore_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/timak-go/timak/timak/boltstore"
)

// wantInUse tries to open path, and expects ErrInUse with the file's name. It
// should take less than a second; the limit allows for a loaded machine.
func wantInUse(t *testing.T, path string, opts *boltstore.Options) {
	t.Helper()
	start := time.Now()
	store, err := boltstore.Open(path, opts)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("Open took %v, want about half a second", took)
	}
	if !errors.Is(err, boltstore.ErrInUse) || !strings.Contains(err.Error(), path) {
		t.Errorf("Open: got %v, want ErrInUse and the file's name", err)
	}
	if err == nil {
		closeStore(t, store)
	}
}

func TestSecondOpen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "feed.db")
	first := open(t, path)
	put(t, first, "1", nil)

	wantInUse(t, path, nil)
	wantInUse(t, path, &boltstore.Options{Timeout: -1})
	put(t, first, "2", nil)
	closeStore(t, first)
	want(t, open(t, path), "1", "2")
}

// inUseEnv tells a child process which file its parent holds.
const inUseEnv = "TIMAK_BOLTSTORE_IN_USE"

func TestSecondProcess(t *testing.T) {
	if path := os.Getenv(inUseEnv); path != "" {
		wantInUse(t, path, nil)
		return
	}
	t.Parallel()
	path := filepath.Join(t.TempDir(), "feed.db")
	put(t, open(t, path), "1", nil)

	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSecondProcess$", "-test.v")
	child.Env = append(os.Environ(), inUseEnv+"="+path)
	out, err := child.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestSecondProcess")) {
		t.Errorf("child: %v, output:\n%s", err, out)
	}
}

func TestOpenWaitsForTheOtherStore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "feed.db")
	first := open(t, path)
	put(t, first, "1", nil)
	time.AfterFunc(200*time.Millisecond, func() { closeStore(t, first) })

	second, err := boltstore.Open(path, &boltstore.Options{Timeout: 30 * time.Second})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	want(t, second, "1")
	closeStore(t, second)
}

func TestOpenOfForeignFiles(t *testing.T) {
	t.Parallel()
	page := os.Getpagesize()
	tests := map[string][]byte{
		"a few words":    []byte("not a database\n"),
		"a long text":    bytes.Repeat([]byte("not a database\n"), 10_000),
		"zeroes":         make([]byte, 8*page),
		"one byte":       {0},
		"a page of ones": bytes.Repeat([]byte{0xff}, page),
		"an SQLite file": append([]byte("SQLite format 3\x00\x10\x00\x01\x01\x00"), make([]byte, 2*page)...),
	}
	for name, content := range tests {
		path := filepath.Join(t.TempDir(), "feed.db")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		for range 2 { // a failed Open leaves no lock behind
			_, err := boltstore.Open(path, fast)
			if !errors.Is(err, boltstore.ErrDamaged) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s: got %v, want ErrDamaged and the file's name", name, err)
			}
		}
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, content) {
			t.Errorf("%s: Open changed the file (error %v)", name, err)
		}
	}
}

func TestOpenOfAnEmptyFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "feed.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	store := open(t, path)
	put(t, store, "1", nil)
	want(t, store, "1")
}

func TestOpenWhereNoFileCanBe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"no folder":         filepath.Join(dir, "missing", "feed.db"),
		"file as a folder":  filepath.Join(plain, "feed.db"),
		"folder as a file":  dir,
		"no name":           "",
		"a NUL in the name": filepath.Join(dir, "feed\x00.db"),
	} {
		_, err := boltstore.Open(path, fast)
		var cause *fs.PathError
		if !errors.As(err, &cause) || !strings.HasPrefix(err.Error(), "boltstore: open ") {
			t.Errorf("%s: got %v, want a PathError", name, err)
		}
		if errors.Is(err, boltstore.ErrDamaged) {
			t.Errorf("%s: got %v, which blames a file", name, err)
		}
	}
}

func TestModeOfANewFile(t *testing.T) {
	t.Parallel()
	for mode, want := range map[fs.FileMode]fs.FileMode{0: 0o600, 0o400 | 0o200 | 0o040: 0o640} {
		path := filepath.Join(t.TempDir(), "feed.db")
		store, err := boltstore.Open(path, &boltstore.Options{NoSync: true, Mode: mode})
		if err != nil {
			t.Fatalf("Open: %v", err)
		}
		closeStore(t, store)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, info.Mode().Perm()); diff != "" {
			t.Errorf("Mode %o (-want +got):\n%s", mode, diff)
		}
	}
}
