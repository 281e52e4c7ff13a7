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

// A file is a bbolt database made safe against damage. Any number of goroutines
// may call view, one at a time update.
type file struct {
	db     *bbolt.DB
	handle *os.File // db's

	spoilt error       // what update returns since it found damage
	stuck  atomic.Bool // bbolt panicked with locks held, and would hang
}

// openFile opens the file at path, and creates it if there is none.
func openFile(path string, opts Options) (*file, error) {
	f := &file{}
	err := guard(func() error { return f.open(path, opts) })
	if err == nil {
		err = f.createBucket()
	}
	if err != nil {
		_ = f.close() // err is the reason
		return nil, openError(err)
	}
	return f, nil
}

func (f *file) open(path string, opts Options) error {
	db, err := bbolt.Open(path, opts.Mode, &bbolt.Options{
		Timeout:      opts.Timeout,
		NoSync:       opts.NoSync,
		NoGrowSync:   opts.NoSync,
		FreelistType: bbolt.FreelistMapType, // finds room for many-page values in constant time
		NoStatistics: true,
		OpenFile: func(name string, flag int, mode os.FileMode) (*os.File, error) {
			handle, err := os.OpenFile(name, flag, mode)
			f.handle = handle
			return handle, err
		},
	})
	f.db = db
	return err
}

// openError says in the words of this package why Open failed. What is neither
// the lock nor the operating system is the file's contents.
func openError(err error) error {
	var system syscall.Errno
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return ErrInUse
	case errors.Is(err, ErrDamaged), errors.Is(err, driver.ErrUnavailable), errors.As(err, &system):
		return err
	default:
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
}

// view runs do in a transaction that reads. What do gets from tx is gone when
// view returns.
func (f *file) view(do func(tx *bbolt.Tx) error) error {
	tx, err := f.begin(false)
	if err != nil {
		return err
	}
	defer f.rollback(tx)
	return guard(func() error { return do(tx) })
}

// update runs do in a transaction that writes, and commits it unless do returns
// an error.
func (f *file) update(do func(tx *bbolt.Tx) error) error {
	if f.spoilt != nil {
		return f.spoilt
	}
	tx, err := f.begin(true)
	if err != nil {
		return err
	}
	defer f.rollback(tx) // nothing is left to roll back after a commit
	err = guard(func() error {
		if err := do(tx); err != nil {
			return err
		}
		return unavailable(tx.Commit())
	})
	if found := (*damage)(nil); errors.As(err, &found) {
		f.spoilt = err
	}
	return err
}

func (f *file) begin(writable bool) (tx *bbolt.Tx, err error) {
	if f.stuck.Load() {
		return nil, ErrDamaged
	}
	err = f.guardLocks(func() (err error) {
		tx, err = f.db.Begin(writable)
		return unavailable(err)
	})
	return tx, err
}

func (f *file) rollback(tx *bbolt.Tx) {
	_ = f.guardLocks(tx.Rollback) // an error says that tx was committed
}

// guardLocks is guard for what takes or gives back bbolt's locks: after a panic
// there they stay taken.
func (f *file) guardLocks(do func() error) error {
	err := guard(do)
	if found := (*damage)(nil); errors.As(err, &found) {
		f.stuck.Store(true)
	}
	return err
}

// close waits for running transactions and lets go of the file. It may be
// called after a failed open.
func (f *file) close() error {
	if f.db == nil || f.stuck.Load() {
		return f.abandon()
	}
	return f.db.Close()
}

// abandon lets go of a file that bbolt cannot close, and leaves it mapped.
func (f *file) abandon() error {
	if f.handle == nil {
		return nil
	}
	unlock(f.handle)
	return f.handle.Close()
}

// unavailable marks an error of the operating system: it may pass.
func unavailable(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", driver.ErrUnavailable, err)
}
