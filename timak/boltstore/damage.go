package boltstore

import (
	"errors"
	"fmt"
	"runtime"
)

// The remedies for a damaged file.
const (
	restore   = "restore it from a copy, or move it away and rebuild the timelines into a new one"
	elsewhere = "if another program made it, give the store another path; otherwise " + restore
)

// damage is an ErrDamaged that tells what was found.
type damage struct {
	found  error
	remedy string

	// structure is true if bbolt's pages are damaged; then nothing more may be
	// written. A record that does not match its checksum says nothing about the
	// pages.
	structure bool
}

func (d *damage) Error() string {
	return fmt.Sprintf("file is damaged or is not a timak store: %v; %s", d.found, d.remedy)
}

func (d *damage) Unwrap() []error { return []error{ErrDamaged, d.found} }

// damagedRecord returns the damage of a single record.
func damagedRecord(found error) error { return &damage{found: found, remedy: restore} }

// damagedFile returns the damage of the file's structure.
func damagedFile(found error) *damage {
	return &damage{found: found, remedy: restore, structure: true}
}

// foreign returns the damage of a file that may never have been a store.
func foreign(found error) error { return &damage{found: found, remedy: elsewhere, structure: true} }

// inStructure returns the structural damage in err's chain, or nil.
func inStructure(err error) *damage {
	if found, ok := errors.AsType[*damage](err); ok && found.structure {
		return found
	}
	return nil
}

// panicked holds what bbolt panicked with.
type panicked struct{ cause any }

// Error replaces the runtime's own text: "invalid memory address" means that a page
// points past its own end, or past the end of the file.
func (p *panicked) Error() string {
	if _, ok := p.cause.(runtime.Error); ok {
		return "one of its pages points to data that is not there"
	}
	return fmt.Sprint(p.cause)
}

func (p *panicked) Unwrap() error {
	err, _ := p.cause.(error)
	return err
}
