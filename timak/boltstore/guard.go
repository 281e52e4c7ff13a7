package boltstore

import (
	"fmt"
	"runtime/debug"
)

// guard turns a panic in do into a *damage. bbolt reads the file as mapped
// memory and trusts it: over a damaged page it panics, and past the end of a
// file that was cut short it faults, which would end the program.
func guard(do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if cause := recover(); cause != nil {
			err = &damage{cause: cause}
		}
	}()
	return do()
}

// damage is an ErrDamaged that bbolt found. A record that does not match its
// checksum is ErrDamaged too, but says nothing about the file's structure.
type damage struct {
	cause any // what bbolt panicked with
}

func (d *damage) Error() string { return fmt.Sprintf("%v: %v", ErrDamaged, d.cause) }

func (d *damage) Unwrap() error { return ErrDamaged }
