//go:build windows || plan9 || solaris || aix || android

package boltstore

import "os"

// unlock does nothing: on these systems closing the file releases its lock.
func unlock(*os.File) {}
