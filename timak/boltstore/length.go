package boltstore

import (
	"fmt"

	"go.etcd.io/bbolt"
)

// A file that ends before its contents do can be told from other damage as soon as
// it is opened: bbolt records the number of pages.

// whole returns a *damage if the file is shorter than its contents, as the latest
// transaction saw them.
func (f *file) whole() error {
	info, err := f.handle.Stat()
	if err != nil {
		return unavailable(err)
	}
	if contents := f.size.Load(); info.Size() < contents {
		return damagedFile(fmt.Errorf("it was cut short: it has %d of %d bytes", info.Size(), contents))
	}
	return nil
}

// explain returns err, or the better explanation of structural damage: that the
// file was cut short.
func (f *file) explain(err error) error {
	if inStructure(err) == nil || f.handle == nil {
		return err
	}
	if short := f.whole(); inStructure(short) != nil {
		return short
	}
	return err
}

// explainOpen is explain for a file that could not be opened and has been released.
// It opens the file read-only, for which bbolt needs to read less of it.
func explainOpen(path string, err error) error {
	if inStructure(err) == nil {
		return err
	}
	f := &file{}
	defer f.close() //nolint:errcheck // nothing was written
	if f.open(path, 0, bbolt.Options{ReadOnly: true, Timeout: -1}) != nil || f.view(seeSize) != nil {
		return err
	}
	return f.explain(err)
}

// seeSize is for a transaction that is only begun to record the file's size.
func seeSize(*bbolt.Tx) error { return nil }
