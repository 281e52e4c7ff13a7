//go:build !unix

package testserver

import (
	"errors"
	"os"
	"os/exec"
)

// Account stands for a user on a system where tests cannot start servers, and can
// only use those that run.
type Account struct{ uid uint32 }

// Unprivileged returns errors.ErrUnsupported.
func Unprivileged(...string) (Account, error) { return Account{}, errors.ErrUnsupported }

// Apply does nothing.
func (Account) Apply(*exec.Cmd)      {}
func (Account) own(string) error     { return nil }
func (Account) canEnter(string) bool { return false }
func lock(string) (*os.File, error)  { return nil, errors.ErrUnsupported }
