//go:build !windows && !plan9 && !solaris && !aix && !android

package boltstore

import (
	"os"
	"syscall"
)

// unlock gives back the lock that bbolt took on the file. Closing the file does
// not: memory that is still mapped keeps the lock.
func unlock(handle *os.File) {
	_ = syscall.Flock(int(handle.Fd()), syscall.LOCK_UN)
}
