package boltstore

import (
	"errors"
	"fmt"
	"runtime"
)

// What to do about a damaged file.
const (
	restore   = "restore it from a copy, or move it away and rebuild the timelines into a new one"
	elsewhere = "if another program made it, give the store a path of its own; if not, " + restore
)

// damage is an ErrDamaged that says what was found.
type damage struct {
	found  error
	remedy string

	// structure says that bbolt's pages are damaged, so that nothing may be
	// written any more. A record that does not match its checksum says nothing
	// about them.
	structure bool
}

func (d *damage) Error() string {
	return fmt.Sprintf("file is damaged, or is not a store's: %v; %s", d.found, d.remedy)
}

func (d *damage) Unwrap() []error { return []error{ErrDamaged, d.found} }

// damagedRecord returns the damage of one record.
func damagedRecord(found error) error { return &damage{found: found, remedy: restore} }

// damagedFile returns the damage of a file's structure.
func damagedFile(found error) *damage {
	return &damage{found: found, remedy: restore, structure: true}
}

// foreign returns the damage of a file that may never have been a store's.
func foreign(found error) error { return &damage{found: found, remedy: elsewhere, structure: true} }

// inStructure returns the damage of a file's structure that err tells of, or
// nil.
func inStructure(err error) *damage {
	if found, ok := errors.AsType[*damage](err); ok && found.structure {
		return found
	}
	return nil
}

// panicked is what bbolt panicked with.
type panicked struct{ cause any }

// Error leaves out what the runtime says: "invalid memory address" is the
// language's word for a page that points past its own end, or the file's.
func (p *panicked) Error() string {
	if _, ok := p.cause.(runtime.Error); ok {
		return "a page of it points where nothing is"
	}
	return fmt.Sprint(p.cause)
}

func (p *panicked) Unwrap() error {
	err, _ := p.cause.(error)
	return err
}
