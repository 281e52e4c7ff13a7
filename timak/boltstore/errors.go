package boltstore

import (
	"errors"
	"fmt"

	"github.com/timak-go/timak/timak/driver"
)

var (
	// ErrInUse is returned by Open while another store, in this process or another,
	// has the file open, unless both only read it.
	ErrInUse = errors.New("file is in use by another program, or by another store of this one: " +
		"close that one, or use another file")

	// ErrReadOnly is returned by Put on a store that was opened with Options.ReadOnly.
	ErrReadOnly = errors.New("file was opened for reading only: open it without Options.ReadOnly")

	// ErrVersion is returned by Open for a file made by a later version of this
	// package or of bbolt. The file is undamaged, and Open does not change it.
	ErrVersion = errors.New("file has a version that this program cannot read: open it with the program that made it, " +
		"or move it away and rebuild the timelines into a new one")

	// ErrDamaged is returned by Open for a file that is damaged or not a store, and
	// by calls that meet damage. The error says what was found, in which file, and
	// what to do. Undamaged records remain readable. Once a Put has found the
	// file's structure damaged, every later Put returns ErrDamaged too, as further
	// writes could destroy more. ErrDamaged is also a driver.ErrUnavailable: what
	// cannot be written now can be written once the file is repaired.
	ErrDamaged = fmt.Errorf("file is damaged or is not a timak store: %w", driver.ErrUnavailable)
)
