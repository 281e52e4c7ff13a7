package pgtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	folderPrefix = "timak-pgtest-"
	socketName   = ".s.PGSQL.5432"

	// The path of a unix socket has 103 bytes at most on macOS, 107 on Linux.
	maxSocketPath = 103

	// A folder that is not locked was either left behind, or made this instant
	// and is about to be locked.
	lockGrace = time.Minute
)

// folder is where a server lives: data, socket and log. It stays locked as long
// as this process is alive, and is readable only by the account it belongs to.
type folder struct {
	path string
	lock *os.File
}

// newFolder makes a folder that owner can use, after removing those of test
// binaries that are no more.
func newFolder(owner account) (*folder, error) {
	base, err := chooseBase([]string{os.TempDir(), "/tmp", "/var/tmp"}, owner)
	if err != nil {
		return nil, err
	}
	removeAbandoned(base, time.Now())
	path, err := os.MkdirTemp(base, folderPrefix)
	if err != nil {
		return nil, err
	}
	f := &folder{path: path}
	if f.lock, err = lock(path); err == nil {
		err = owner.own(path)
	}
	if err != nil {
		_ = f.remove()
		return nil, err
	}
	return f, nil
}

func (f *folder) remove() error {
	err := os.RemoveAll(f.path)
	_ = f.lock.Close() // a nil lock is fine; nothing was written
	return err
}

// chooseBase returns the first folder that user can enter and that can hold a
// socket: its path is short and without commas, which separate hosts in a DSN.
func chooseBase(candidates []string, user account) (string, error) {
	room := maxSocketPath - len("/"+folderPrefix+"4294967295/"+socketName)
	for _, base := range candidates {
		if len(base) <= room && !strings.Contains(base, ",") && user.canEnter(base) {
			return base, nil
		}
	}
	return "", fmt.Errorf("none of %q is a folder that user %d can enter, with a path of at most %d bytes and no comma",
		candidates, user.uid, room)
}

// removeAbandoned removes folders that nobody has locked. It does what it can:
// other users' folders stay. A server that should still run in one ends by
// itself within a minute, as Postgres does when its data folder is gone.
func removeAbandoned(base string, now time.Time) {
	paths, _ := filepath.Glob(filepath.Join(base, folderPrefix+"*")) // fails only on a bad pattern
	for _, path := range paths {
		info, err := os.Lstat(path)
		if err != nil || !info.IsDir() || now.Sub(info.ModTime()) < lockGrace {
			continue
		}
		if held, err := lock(path); err == nil {
			_ = os.RemoveAll(path)
			_ = held.Close()
		}
	}
}
