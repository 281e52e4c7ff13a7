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

	// The path of a unix socket may have 103 bytes on macOS and 107 on Linux.
	maxSocketPath = 103

	// A folder that is not locked was either left behind, or has just been
	// created and is about to be locked.
	lockGrace = time.Minute
)

// folder is where a server lives: data, socket and log. It is locked as long as
// this process is alive, and only the account that owns it can read it.
type folder struct {
	path string
	lock *os.File
}

// newFolder creates a folder that owner can use. First it removes the folders of
// test binaries that no longer run.
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
	_ = f.lock.Close() // a nil lock is fine, and nothing was written
	return err
}

// chooseBase returns the first folder that user can enter and that can hold a
// socket: its path is short and contains no comma, because commas separate hosts
// in a DSN.
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

// removeAbandoned removes folders that no process has locked. It ignores errors:
// other users' folders stay. If a server still runs in one, it ends by itself
// within a minute, as Postgres does when its data folder is gone.
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
