package boltstore

import (
	"os"
	"time"
)

// Options tune a Store. The zero Options, and nil, mean the defaults.
type Options struct {
	// Timeout is how long Open waits for another store to release the file before
	// it returns ErrInUse. Open tries every 50 ms; a negative Timeout means a
	// single try. Defaults to 500 ms.
	Timeout time.Duration

	// Mode is the permissions of a file that Open creates, before the umask. The
	// mode of an existing file is left alone. Defaults to 0600, readable and
	// writable by the owner only.
	Mode os.FileMode

	// ReadOnly opens an existing store and writes nothing to its file: Put returns
	// ErrReadOnly. Any number of stores may read a file at once, but none while another
	// writes to it, nor the other way round: Open returns ErrInUse. Defaults to false.
	ReadOnly bool

	// NoSync leaves writes to the operating system and does not wait for the disk.
	// A power failure can then lose acknowledged writes and damage the whole file.
	// For tests. Defaults to false.
	NoSync bool
}

// withDefaults returns the options with zero fields filled in; o may be nil.
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
