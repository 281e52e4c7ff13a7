package boltstore

import "runtime/debug"

// guard turns a panic in do into a *damage. bbolt reads the file as mapped memory
// and trusts it: on a damaged page it panics, and past the end of a file that was
// cut short it faults, which would crash the program.
func guard(do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if cause := recover(); cause != nil {
			err = damagedFile(&panicked{cause})
		}
	}()
	return do()
}
