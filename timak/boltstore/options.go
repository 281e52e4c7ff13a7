package boltstore

import (
	"os"
	"time"
)

// Options are what Open can be told beyond the path. Nil, and the zero value,
// are the defaults.
type Options struct {
	// Timeout is how long Open waits for another store to let go of the file
	// before it returns ErrInUse; negative does not wait at all. It is looked
	// at every 50 ms.
	// Default: 500 ms.
	Timeout time.Duration

	// Mode is the permissions of a file that Open creates, before the umask.
	// The mode of a file that exists is left alone.
	// Default: 0600, readable by the owner only.
	Mode os.FileMode

	// NoSync leaves writes with the operating system and does not wait for the
	// disk. A power cut can then lose acknowledged writes and damage the whole
	// file. For tests.
	// Default: false.
	NoSync bool
}

// withDefaults returns the options to use; o may be nil.
func (o *Options) withDefaults() Options {
	var all Options
	if o != nil {
		all = *o
	}
	if all.Timeout == 0 {
		all.Timeout = 500 * time.Millisecond
	}
	if all.Mode == 0 {
		all.Mode = 0o600
	}
	return all
}
