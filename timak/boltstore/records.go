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
// file that has it, nor to one that has others: that is another program's.
func (f *file) createBucket() error {
	exists := false
	err := f.view(func(tx *bbolt.Tx) error {
		exists = tx.Bucket([]byte(bucketName)) != nil
		if first, _ := tx.Cursor().First(); first != nil && !exists {
			return foreign(fmt.Errorf("it holds %q, and no bucket %q", first, bucketName))
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

// load returns the record under key. It shares memory with tx.
func load(tx *bbolt.Tx, key string) (siblings.Record, error) {
	bucket := tx.Bucket([]byte(bucketName))
	if bucket == nil {
		return siblings.Record{}, damagedFile(fmt.Errorf("its bucket %q is gone", bucketName))
	}
	found, stored := bucket.Cursor().Seek([]byte(key))
	if found == nil || string(found) != key {
		return siblings.New(key), nil
	}
	if stored == nil { // Get could not tell it from an absent key
		return siblings.Record{}, damagedRecord(errors.New("a bucket is where a record should be"))
	}
	record, err := siblings.Decode(key, stored)
	if err != nil {
		return siblings.Record{}, damagedRecord(err)
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
