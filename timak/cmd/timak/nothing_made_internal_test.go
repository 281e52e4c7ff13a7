package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/pgtest"
	"github.com/timak-go/timak/timak/riaktest"
)

// What cannot be carried makes no target: no file of a boltstore, and no table.
func TestNothingIsMade(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	store := bolt(t, func(store driver.Store) { fill(t, store) })
	dump := filepath.Join(folder, "dump")
	call(t, "dump", "-store", store, dump).want(t, codeDone)
	whole, err := os.ReadFile(dump)
	if err == nil {
		err = os.WriteFile(dump, whole[:len(whole)-1], 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	missing := "bolt:" + filepath.Join(folder, "missing.db")
	riak := "riak:" + strings.Join(riaktest.Start(t, nil).Addresses(), ",")
	for name, tt := range map[string]struct {
		args []string
		text string
	}{
		"a damaged dump": {[]string{"restore", dump, "-store"}, "no whole dump"},
		"no dump":        {[]string{"restore", dump + "2", "-store"}, "no such file"},
		"no source":      {[]string{"copy", "-from", missing, "-to"}, "no such file"},
		"no list":        {[]string{"copy", "-from", riak, "-to"}, "cannot list its keys"},
	} {
		target := filepath.Join(folder, "to.db")
		call(t, append(tt.args, "bolt:"+target)...).want(t, codeError, tt.text)
		if _, err := os.Lstat(target); err == nil {
			t.Errorf("%s: a file was made", name)
		}
		postgres := "postgres:" + pgtest.DSN(t)
		call(t, append(tt.args, postgres, "-migrate")...).want(t, codeError, tt.text)
		call(t, "keys", "-store", postgres).want(t, codeError, "pgstore.Migrate")
	}
}

// A file that is made while a dump runs is not replaced; the dump is not thrown away.
func TestDump_fileMadeMeanwhile(t *testing.T) {
	t.Parallel()
	store := bolt(t, func(store driver.Store) {
		numbered(t, store, 9, func(i int) bool { return i == 5 })
	})
	folder := t.TempDir()
	path := filepath.Join(folder, "dump")
	make := func() {
		if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
			t.Error(err)
		}
	}
	var out, err locked
	code := run(t.Context(), shell{
		args: []string{"dump", "-store", store, path},
		out:  &out, err: onText{&err, "005 was not dumped", make},
	})
	got := called{code, out.String(), err.String()}.want(t, codeError, "exists", "the dump is in", ".part")
	if content, err := os.ReadFile(path); string(content) != "precious" || err != nil {
		t.Errorf("dump has changed the file: %q, %v", content, err)
	}
	parts, globErr := filepath.Glob(path + ".part*")
	if globErr != nil || len(parts) != 1 || !strings.Contains(got.err, parts[0]) {
		t.Fatalf("got %q, %v, want one file, which the message names: %s", parts, globErr, got.err)
	}
	call(t, "check", parts[0]).want(t, codeDone, "8 timelines")
	call(t, "dump", "-force", "-store", store, path).want(t, codePart)
	call(t, "check", path).want(t, codeDone, "8 timelines")
}

// A file gets its name where links are not supported, too, and replaces none.
func TestGiveName(t *testing.T) {
	t.Parallel()
	noLinks := func(why error) func(string, string) error {
		return func(old, path string) error { return &os.LinkError{Op: "link", Old: old, New: path, Err: why} }
	}
	for name, link := range map[string]func(old, path string) error{
		"links": os.Link, "not permitted": noLinks(syscall.EPERM), "not supported": noLinks(errors.ErrUnsupported),
	} {
		for _, force := range []bool{false, true} {
			folder := t.TempDir()
			old, path := filepath.Join(folder, "dump.part1"), filepath.Join(folder, "dump")
			for n, want := range []bool{true, force} { // the first time, path is free
				content := fmt.Sprint(name, n)
				if err := os.WriteFile(old, []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
				err := giveName(old, path, force, link)
				got, readErr := os.ReadFile(path)
				_, oldErr := os.Lstat(old)
				if (err == nil) != want || errors.Is(err, fs.ErrExist) == want || (string(got) == content) != want || readErr != nil || (oldErr == nil) == want {
					t.Errorf("%s, force %v, time %d: got %v, with %q and %v", name, force, n, err, got, oldErr)
				}
			}
		}
	}
}

// What could only fail at the end is refused at once.
func TestDump_refusedAtOnce(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, command := range []string{"dump", "check", "restore"} {
		args := []string{command, ""}
		if command != "check" {
			args = append(args, "-store", "bolt:"+filepath.Join(folder, "missing.db"))
		}
		call(t, args...).want(t, codeUsage, "expected a FILE, got an empty name")
	}
	call(t, "dump", "-force", "-store", "bolt:"+filepath.Join(folder, "missing.db"), folder).want(t, codeError, "is no file")
}

// An empty flag, as of an unset variable in a script, is no flag that was left out.
func TestStores_emptyFlag(t *testing.T) {
	t.Parallel()
	store := bolt(t, func(store driver.Store) { fill(t, store) })
	other := filepath.Join(t.TempDir(), "other.db")
	call(t, "TIMAK_TO=bolt:"+other, "copy", "-from", store, "-to", "").want(t, codeUsage, "-to is empty")
	call(t, "TIMAK_STORE="+store, "keys", "-store=").want(t, codeUsage, "-store is empty")
	if _, err := os.Lstat(other); err == nil {
		t.Error("copied to $TIMAK_TO")
	}
}
