package boltstore

import (
	"errors"
	"fmt"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/siblings"
)

// bucketName is the bucket of all keys. Each key is a bucket in it, which holds the
// key's record under recordName and nothing else: bbolt puts at least two values on a
// page, so a record among others is written together with one to three of them,
// whatever their size. A small bucket is a value of the bucket that it is in.
//
// Files that were made at first have records among others. They are read, and have a
// bucket of their own from the next Put on.
const (
	bucketName = "siblings"
	recordName = "record"
)

// createBucket creates the bucket if the file is new. It writes nothing if the
// bucket exists, nor if others do: then the file belongs to another program.
func (f *file) createBucket() error {
	exists := false
	err := f.view(func(tx *bbolt.Tx) error {
		exists = tx.Bucket([]byte(bucketName)) != nil
		if first, _ := tx.Cursor().First(); first != nil && !exists {
			return foreign(fmt.Errorf("it holds %q but no bucket %q", first, bucketName))
		}
		return nil
	})
	if err != nil || exists {
		return err
	}
	return f.update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket([]byte(bucketName))
		return err
	})
}

// records returns the bucket of all keys.
func records(tx *bbolt.Tx) (*bbolt.Bucket, error) {
	bucket := tx.Bucket([]byte(bucketName))
	if bucket == nil {
		return nil, damagedFile(fmt.Errorf("its bucket %q is missing", bucketName))
	}
	return bucket, nil
}

// load returns the record under key. It shares memory with tx.
func load(tx *bbolt.Tx, key string) (siblings.Record, error) {
	bucket, err := records(tx)
	if err != nil {
		return siblings.Record{}, err
	}
	stored, err := find(bucket, key)
	if err != nil {
		return siblings.Record{}, damagedRecord(err)
	}
	if stored == nil {
		return siblings.New(key), nil
	}
	record, err := siblings.Decode(key, stored)
	if err != nil {
		return siblings.Record{}, damagedRecord(err)
	}
	return record, nil
}

// loadFront returns the first bytes of the only sibling under key; ok is false if there
// is no such part. It shares memory with tx.
func loadFront(tx *bbolt.Tx, key string, length int) (front []byte, ok bool, err error) {
	bucket, err := records(tx)
	if err != nil {
		return nil, false, err
	}
	stored, err := find(bucket, key)
	if err != nil {
		return nil, false, damagedRecord(err)
	}
	front, ok = siblings.Front(stored, length)
	return front, ok, nil
}

// find returns the record under key as it is stored, nil if there is none.
func find(bucket *bbolt.Bucket, key string) (stored []byte, err error) {
	own := bucket.Bucket([]byte(key))
	if own == nil {
		return bucket.Get([]byte(key)), nil
	}
	if stored = own.Get([]byte(recordName)); stored == nil {
		return nil, fmt.Errorf("its bucket holds no %q", recordName)
	}
	return stored, nil
}

// save stores the record under key, in a bucket that load has found. What it refuses
// it refuses before it changes anything.
func save(tx *bbolt.Tx, key string, record siblings.Record) error {
	stored := record.Encode()
	if err := storable(key, stored); err != nil {
		return err
	}
	own, err := makeOwn(tx.Bucket([]byte(bucketName)), key)
	if err != nil {
		return err
	}
	return own.Put([]byte(recordName), stored)
}

// makeOwn returns key's own bucket. If the key has a record among others, which load
// has read, the bucket takes its place.
func makeOwn(bucket *bbolt.Bucket, key string) (*bbolt.Bucket, error) {
	own, err := bucket.CreateBucketIfNotExists([]byte(key))
	if !errors.Is(err, bolterrors.ErrIncompatibleValue) {
		return own, err
	}
	if err := bucket.Delete([]byte(key)); err != nil {
		return nil, err
	}
	return bucket.CreateBucket([]byte(key))
}

// storable returns an error for what bbolt would refuse.
func storable(key string, stored []byte) error {
	switch {
	case key == "":
		return bolterrors.ErrKeyRequired
	case len(key) > bbolt.MaxKeySize:
		return bolterrors.ErrKeyTooLarge
	case int64(len(stored)) > bbolt.MaxValueSize:
		return fmt.Errorf("%w: %w", driver.ErrTooLarge, bolterrors.ErrValueTooLarge)
	}
	return nil
}
