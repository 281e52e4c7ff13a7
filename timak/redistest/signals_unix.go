//go:build unix

package redistest

import (
	"os"
	"syscall"
)

// What stops a process in its tracks, and lets it go on.
var freezing, thawing os.Signal = syscall.SIGSTOP, syscall.SIGCONT
