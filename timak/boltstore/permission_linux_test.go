package boltstore_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/timak-go/timak/timak/boltstore"
)

// asNobody runs do with the permissions of a user who owns nothing: tests may run
// as root, who may write everywhere.
func asNobody(t *testing.T, do func()) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		const nobody = 65534
		if os.Geteuid() == 0 {
			if err := syscall.Setfsuid(nobody); err != nil {
				done <- err
				return
			}
		}
		do()
		done <- nil
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestOpenWithoutPermission(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil { // the test's own folder, which nobody must be able to enter
		t.Fatal(err)
	}
	readOnly := filepath.Join(dir, "feed.db")
	store := open(t, readOnly)
	put(t, store, "1", nil)
	closeStore(t, store)
	for name, mode := range map[string]fs.FileMode{readOnly: 0o444, dir: 0o555} {
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
	}
	for name, path := range map[string]string{
		"a file that is read only":       readOnly,
		"a folder that takes no new one": filepath.Join(dir, "new.db"),
	} {
		asNobody(t, func() {
			_, err := boltstore.Open(path, fast)
			if !errors.Is(err, fs.ErrPermission) || errors.Is(err, boltstore.ErrDamaged) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s: got %v, want fs.ErrPermission and the file's name", name, err)
			}
		})
	}
	if err := os.Chmod(dir, 0o755); err != nil { // for the clean-up
		t.Fatal(err)
	}
}

// Who may only read a file can open it for reading.
func TestReadOnly_permission(t *testing.T) {
	t.Parallel()
	path := filled(t)
	for name, mode := range map[string]fs.FileMode{path: 0o444, filepath.Dir(path): 0o555, filepath.Dir(filepath.Dir(path)): 0o755} {
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
	}
	asNobody(t, func() {
		store, err := boltstore.Open(path, readOnly)
		if err != nil {
			t.Errorf("Open: %v", err)
			return
		}
		want(t, store, "1", "2")
		closeStore(t, store)
	})
	if err := os.Chmod(filepath.Dir(path), 0o755); err != nil { // for the clean-up
		t.Fatal(err)
	}
}
