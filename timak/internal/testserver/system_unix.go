//go:build unix

package testserver

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Account is the user of the operating system that a server runs as. The zero
// Account is the current user.
type Account struct {
	uid, gid uint32
	other    bool // not the current user
}

// Unprivileged returns the current user or, if that is root, the first of the named
// users that exists: some servers refuse to run as root.
func Unprivileged(names ...string) (Account, error) {
	if os.Geteuid() != 0 {
		return Account{}, nil
	}
	for _, name := range names {
		if u, err := user.Lookup(name); err == nil {
			return parseAccount(u)
		}
	}
	return Account{}, fmt.Errorf("the server does not run as root, and there is no user %s", strings.Join(names, " or "))
}

func parseAccount(u *user.User) (Account, error) {
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return Account{}, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	return Account{uid: uint32(uid), gid: uint32(gid), other: true}, err
}

// Apply makes cmd run as the account and in a session of its own. A Ctrl-C in the
// terminal then reaches only the tests, which stop the server.
func (a Account) Apply(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if a.other {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
}

// own gives the file to the account.
func (a Account) own(path string) error {
	if !a.other {
		return nil
	}
	return os.Chown(path, int(a.uid), int(a.gid))
}

// canEnter reports whether the account can reach files that it owns in the
// folder.
func (a Account) canEnter(path string) bool {
	path, err := filepath.EvalSymlinks(path)
	if err != nil || !filepath.IsAbs(path) {
		return false
	}
	for a.other {
		info, err := os.Stat(path)
		if err != nil || info.Mode()&0o001 == 0 {
			return false
		}
		if path == filepath.Dir(path) {
			break
		}
		path = filepath.Dir(path)
	}
	return true
}

// lock takes the folder's lock, which lasts until the file is closed or this
// process ends. It fails if another process, or another call, holds the lock.
func lock(path string) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close() // nothing was written
		return nil, err
	}
	return f, nil
}
