package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"go.etcd.io/bbolt"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/gate"
)

// Store is a driver.Store in one file, made by Open. Its methods may be called from
// any number of goroutines.
type Store struct {
	path   string
	file   *file
	writer *writer // nil if the file is only read
	gate   gate.Gate
	closed sync.Once
}

var (
	_ driver.Store      = (*Store)(nil)
	_ driver.Lister     = (*Store)(nil)
	_ driver.PartGetter = (*Store)(nil)
	_ driver.Adder      = (*Store)(nil)
)

// Open opens the store in the file at path. It creates the file, but not its
// folder, if there is none, unless with Options.ReadOnly. It takes a lock on the file, which ends with Close or
// with the process.
//
// While another store has the file open, Open waits for Options.Timeout and then
// returns ErrInUse. It returns ErrDamaged for a file that is not a store, was cut
// short, or is too damaged to open, and ErrVersion for a file of a later version.
// Other errors are the operating system's.
func Open(path string, opts *Options) (*Store, error) {
	f, err := openFile(path, opts.withDefaults())
	if err != nil {
		return nil, fmt.Errorf("boltstore: open %q: %w", path, err)
	}
	s := &Store{path: path, file: f}
	if !f.db.IsReadOnly() {
		s.writer = startWriter(f)
	}
	return s, nil
}

// Get returns the siblings under key and their token; see driver.Store. It never
// waits for writers. For a damaged record it returns ErrDamaged.
func (s *Store) Get(ctx context.Context, key string) (driver.Object, error) {
	obj, err := s.get(ctx, key)
	if err != nil {
		return driver.Object{}, fmt.Errorf("boltstore: get %q%s: %w", key, s.of(err), err)
	}
	return obj, nil
}

// GetPart returns the siblings under key, and of one only the beginning if it is longer; see
// driver.PartGetter. It does not check the record that a part is from.
func (s *Store) GetPart(ctx context.Context, key string, length int) (obj driver.Object, whole bool, err error) {
	obj, whole, err = s.getPart(ctx, key, length)
	if err != nil {
		return driver.Object{}, false, fmt.Errorf("boltstore: get %q%s: %w", key, s.of(err), err)
	}
	return obj, whole, nil
}

// Put stores value beside the siblings that token does not cover; see driver.Store.
// It returns a token whenever value is the only sibling.
//
// If ctx ends while Put waits for other writers, value is not stored; if it ends
// during the write to disk, value may or may not be stored. For a damaged record
// Put returns ErrDamaged and leaves the record as it is. If the disk is full or
// fails, the error wraps driver.ErrUnavailable and the operating system's error.
func (s *Store) Put(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	got, err := s.write(ctx, write{key: key, value: value, token: token})
	if err != nil {
		return nil, fmt.Errorf("boltstore: put %q%s: %w", key, s.of(err), err)
	}
	return got, nil
}

// Add stores value beside all siblings; see driver.Adder. It returns a token whenever token
// covers all others. For errors see Put.
func (s *Store) Add(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	got, err := s.write(ctx, write{key: key, value: value, token: token, adds: true})
	if err != nil {
		return nil, fmt.Errorf("boltstore: add %q%s: %w", key, s.of(err), err)
	}
	return got, nil
}

// AddFrom returns 32 KiB; see driver.Adder. A put writes about 20 KB beside its value.
func (s *Store) AddFrom() int { return 32 << 10 }

// of names the file if err is about the file.
func (s *Store) of(err error) string {
	if errors.Is(err, ErrDamaged) || errors.Is(err, ErrReadOnly) {
		return fmt.Sprintf(" of %q", s.path)
	}
	return ""
}

// Close waits for running calls and releases the file. A second Close waits for the
// first.
func (s *Store) Close() error {
	var err error
	s.closed.Do(func() { err = s.close() })
	if err != nil {
		return fmt.Errorf("boltstore: close %q: %w", s.path, err)
	}
	return nil
}

func (s *Store) get(ctx context.Context, key string) (obj driver.Object, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		found, err := load(tx, key)
		obj = found.all.Object()
		s.file.touch(1, detach(obj))
		return err
	})
	return obj, err
}

func (s *Store) getPart(ctx context.Context, key string, length int) (obj driver.Object, whole bool, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		parts, ok, err := loadFront(tx, key, length)
		if whole = !ok; ok {
			obj.Siblings = parts
			s.file.touch(1, detach(obj))
		}
		return err
	})
	if whole && err == nil {
		obj, err = s.get(ctx, key)
	}
	return obj, whole, err
}

// view runs do in a read-only transaction.
func (s *Store) view(ctx context.Context, do func(tx *bbolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !s.gate.Enter() {
		return driver.ErrClosed
	}
	defer s.gate.Leave()
	return s.file.view(do)
}

// detach copies values out of the file's memory, which is valid only within the
// transaction, and returns their size.
func detach(obj driver.Object) (size int) {
	for i, value := range obj.Siblings {
		obj.Siblings[i] = bytes.Clone(value)
		size += len(value)
	}
	return size
}

func (s *Store) write(ctx context.Context, w write) (driver.Token, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !s.gate.Enter() {
		return nil, driver.ErrClosed
	}
	defer s.gate.Leave()
	if s.writer == nil {
		return nil, ErrReadOnly
	}
	done := make(chan written, 1)
	w.token, w.done = bytes.Clone(w.token), done
	select {
	case s.writer.writes <- w:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case got := <-done:
		return got.token, got.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *Store) close() error {
	<-s.gate.Close()
	if s.writer != nil {
		s.writer.stop()
	}
	return s.file.close()
}
