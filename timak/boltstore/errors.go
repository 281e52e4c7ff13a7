package boltstore

import (
	"errors"
	"fmt"

	"github.com/timak-go/timak/timak/driver"
)

var (
	// ErrInUse is returned by Open while another store, of this process or
	// another, has the file open.
	ErrInUse = errors.New("file is in use by another program, or by another store of this one: " +
		"close that, or give this one a file of its own")

	// ErrVersion is returned by Open for a file that a later version of this
	// package, or of bbolt, has made. It is whole, and Open leaves it as it is.
	ErrVersion = errors.New("file is of a version that this program cannot read: open it with the program that made it, " +
		"or move it away and rebuild the timelines into a new one")

	// ErrDamaged is returned by Open for a file that is damaged or not a
	// store's, and by calls that come upon damage; the error says what was found,
	// in which file, and what to do. Reads of what is whole go on working. Once a
	// Put has found the file's structure damaged, every later Put returns
	// ErrDamaged too, for writing more could destroy more.
	// It is a driver.ErrUnavailable as well: what is not written now can be
	// written then.
	ErrDamaged = fmt.Errorf("file is damaged, or is not a store's: %w", driver.ErrUnavailable)
)
