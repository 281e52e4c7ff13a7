package boltstore

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/timak-go/timak/timak/driver"
)

// A file is a bbolt database that survives damage. Any number of goroutines may
// call view, but only one at a time update.
type file struct {
	db     *bbolt.DB
	handle *os.File     // db's
	size   atomic.Int64 // of the contents, in bytes, as the latest transaction saw them

	resident resident

	spoilt error                  // what update returns once it has found damage
	stuck  atomic.Pointer[damage] // set when bbolt panicked with locks held, and would hang
}

// openFile opens the file at path, or creates it.
func openFile(path string, opts Options) (*file, error) {
	f := &file{}
	err := f.open(path, opts.Mode, bbolt.Options{
		Timeout:      opts.Timeout,
		NoSync:       opts.NoSync,
		NoGrowSync:   opts.NoSync,
		ReadOnly:     opts.ReadOnly,
		FreelistType: bbolt.FreelistMapType, // finds room for many-page values in constant time
	})
	if err == nil {
		err = f.prepare()
	}
	if err != nil {
		_ = f.close() // err is the one to report
		return nil, explainOpen(path, openError(err))
	}
	return f, nil
}

// prepare refuses a file that was cut short, as its first pages may still be good,
// and creates the bucket in a new file, unless that may only be read.
func (f *file) prepare() error {
	if err := f.view(seeSize); err != nil {
		return err
	}
	if err := f.whole(); err != nil {
		return err
	}
	if f.db.IsReadOnly() {
		return f.view(func(tx *bbolt.Tx) error {
			_, err := records(tx)
			return err
		})
	}
	return f.createBucket()
}

// open opens the file with bbolt's options.
func (f *file) open(path string, mode os.FileMode, opts bbolt.Options) error {
	opts.NoStatistics = true
	opts.OpenFile = func(name string, flag int, mode os.FileMode) (*os.File, error) {
		handle, err := os.OpenFile(name, flag, mode)
		f.handle = handle
		if err == nil && opts.ReadOnly {
			err = notEmpty(handle) // as bbolt would write to it
		}
		return handle, err
	}
	return guard(func() (err error) {
		f.db, err = bbolt.Open(path, mode, &opts)
		return err
	})
}

// notEmpty refuses an empty file, which is no store yet.
func notEmpty(handle *os.File) error {
	info, err := handle.Stat()
	if err != nil {
		return unavailable(err)
	}
	if info.Size() == 0 {
		return foreign(errors.New("it is empty"))
	}
	return nil
}

// openError translates the reason why Open failed. What is caused neither by the
// lock nor by the operating system is caused by the file's contents.
func openError(err error) error {
	var system syscall.Errno
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return ErrInUse
	case errors.Is(err, bolterrors.ErrVersionMismatch):
		return ErrVersion
	case errors.Is(err, driver.ErrUnavailable), errors.As(err, &system): // includes ErrDamaged
		return err
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum):
		return foreign(errors.New("it does not begin like a bbolt file"))
	default:
		return damagedFile(err)
	}
}

// view runs do in a read-only transaction. What do gets from tx is invalid once
// view returns.
func (f *file) view(do func(tx *bbolt.Tx) error) error {
	tx, err := f.begin(false)
	if err != nil {
		return err
	}
	defer f.rollback(tx)
	return f.explain(guard(func() error { return do(tx) }))
}

// update runs do in a read-write transaction, and commits it unless do returns an
// error.
func (f *file) update(do func(tx *bbolt.Tx) error) error {
	if f.spoilt != nil {
		return f.spoilt
	}
	tx, err := f.begin(true)
	if err != nil {
		return err
	}
	defer f.rollback(tx) // nothing is left to roll back after a commit
	err = f.explain(guard(func() error {
		if err := f.pages(tx).checkShared(); err != nil {
			return err
		}
		if err := do(tx); err != nil {
			return err
		}
		return unavailable(tx.Commit())
	}))
	if inStructure(err) != nil {
		f.spoilt = err
	}
	return err
}

func (f *file) begin(writable bool) (tx *bbolt.Tx, err error) {
	if found := f.stuck.Load(); found != nil {
		return nil, found
	}
	err = f.guardLocks(func() (err error) {
		if tx, err = f.db.Begin(writable); err != nil {
			return unavailable(err)
		}
		f.size.Store(tx.Size())
		return nil
	})
	return tx, err
}

func (f *file) rollback(tx *bbolt.Tx) {
	_ = f.guardLocks(tx.Rollback) // an error means that tx was committed
}

// guardLocks is guard for calls that take or release bbolt's locks: after a panic
// there, the locks stay taken.
func (f *file) guardLocks(do func() error) error {
	err := f.explain(guard(do))
	if found := inStructure(err); found != nil {
		f.stuck.Store(found)
	}
	return err
}

// close waits for running transactions and releases the file. It may be called
// after a failed open.
func (f *file) close() error {
	if f.db == nil || f.stuck.Load() != nil {
		return f.abandon()
	}
	return f.db.Close()
}

// abandon releases a file that bbolt cannot close, and leaves it mapped.
func (f *file) abandon() error {
	if f.handle == nil {
		return nil
	}
	unlock(f.handle)
	return f.handle.Close()
}

// unavailable marks an error of the operating system, which may be temporary.
func unavailable(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", driver.ErrUnavailable, err)
}
