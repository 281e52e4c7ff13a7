//go:build !unix

package pgtest

import (
	"errors"
	"os"
	"os/exec"
)

// account stands for a user on a system where pgtest cannot start a server, and
// can only use one that runs.
type account struct{ uid uint32 }

func serverAccount() (account, error) { return account{}, errNoPostgres }
func (account) apply(*exec.Cmd)       {}
func (account) own(string) error      { return nil }
func (account) canEnter(string) bool  { return false }
func lock(string) (*os.File, error)   { return nil, errors.ErrUnsupported }
