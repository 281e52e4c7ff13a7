package testserver

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	// The path of a unix socket may have 103 bytes on macOS and 107 on Linux.
	maxSocketPath = 103

	// A folder that is not locked was either left behind, or has just been
	// created and is about to be locked.
	lockGrace = time.Minute
)

// Folder is where a server lives: data, socket and log. It is locked as long as
// this process is alive, and only the account that owns it can read it.
type Folder struct {
	path string
	lock *os.File
}

// NewFolder creates a folder that owner can use, and that can hold a socket of the
// given name. Its own name begins with prefix. First NewFolder removes the folders
// of test binaries that no longer run.
func NewFolder(prefix, socket string, owner Account) (*Folder, error) {
	room := maxSocketPath - len("/"+prefix+"4294967295/"+socket)
	base, err := chooseBase([]string{os.TempDir(), "/tmp", "/var/tmp"}, room, owner)
	if err != nil {
		return nil, err
	}
	removeAbandoned(base, prefix, time.Now())
	path, err := os.MkdirTemp(base, prefix)
	if err != nil {
		return nil, err
	}
	f := &Folder{path: path}
	if f.lock, err = lock(path); err == nil {
		err = owner.own(path)
	}
	if err != nil {
		_ = f.Remove()
		return nil, err
	}
	return f, nil
}

// Path returns the folder's path with elements joined to it.
func (f *Folder) Path(elements ...string) string {
	return filepath.Join(append([]string{f.path}, elements...)...)
}

// Remove removes the folder and all that is in it.
func (f *Folder) Remove() error {
	err := os.RemoveAll(f.path)
	_ = f.lock.Close() // a nil lock is fine, and nothing was written
	return err
}

// chooseBase returns the first folder that user can enter and that can hold a
// socket: its path has at most room bytes and contains no comma, because commas
// separate hosts in a DSN.
func chooseBase(candidates []string, room int, user Account) (string, error) {
	for _, base := range candidates {
		if len(base) <= room && !strings.Contains(base, ",") && user.canEnter(base) {
			return base, nil
		}
	}
	return "", fmt.Errorf("none of %q is a folder that user %d can enter, with a path of at most %d bytes and no comma",
		candidates, user.uid, room)
}

// removeAbandoned removes folders that no process has locked. It ignores errors:
// other users' folders stay.
func removeAbandoned(base, prefix string, now time.Time) {
	paths, _ := filepath.Glob(filepath.Join(base, prefix+"*")) // fails only on a bad pattern
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
