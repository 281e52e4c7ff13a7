package boltstore

import (
	"errors"
	"fmt"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/siblings"
)

// bucketName names the bucket that holds the record of every key.
const bucketName = "siblings"

// createBucket creates the bucket if the file is new. It writes nothing to a
// file that has it.
func (f *file) createBucket() error {
	exists := false
	err := f.view(func(tx *bbolt.Tx) error {
		exists = tx.Bucket([]byte(bucketName)) != nil
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

// load returns the record under key. It shares memory with tx.
func load(tx *bbolt.Tx, key string) (siblings.Record, error) {
	bucket := tx.Bucket([]byte(bucketName))
	if bucket == nil {
		return siblings.Record{}, fmt.Errorf("%w: bucket %q is gone", ErrDamaged, bucketName)
	}
	stored := bucket.Get([]byte(key))
	if stored == nil {
		return siblings.New(key), nil
	}
	record, err := siblings.Decode(key, stored)
	if err != nil {
		return siblings.Record{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return record, nil
}

// save stores the record under key, in a bucket that load has seen.
func save(tx *bbolt.Tx, key string, record siblings.Record) error {
	err := tx.Bucket([]byte(bucketName)).Put([]byte(key), record.Encode())
	if errors.Is(err, bolterrors.ErrValueTooLarge) {
		return fmt.Errorf("%w: %w", driver.ErrTooLarge, err)
	}
	return err
}
