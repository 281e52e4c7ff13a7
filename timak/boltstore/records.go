package boltstore

import (
	"errors"
	"fmt"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/siblings"
)

// bucketName is the bucket that holds the record of every key.
const bucketName = "siblings"

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

// records returns the bucket that holds the record of every key.
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
	found, stored := bucket.Cursor().Seek([]byte(key))
	if found == nil || string(found) != key {
		return siblings.New(key), nil
	}
	if stored == nil { // bucket.Get could not tell this from an absent key
		return siblings.Record{}, damagedRecord(errors.New("there is a bucket where a record should be"))
	}
	record, err := siblings.Decode(key, stored)
	if err != nil {
		return siblings.Record{}, damagedRecord(err)
	}
	return record, nil
}

// save stores the record under key, in a bucket that load has found.
func save(tx *bbolt.Tx, key string, record siblings.Record) error {
	err := tx.Bucket([]byte(bucketName)).Put([]byte(key), record.Encode())
	if errors.Is(err, bolterrors.ErrValueTooLarge) {
		return fmt.Errorf("%w: %w", driver.ErrTooLarge, err)
	}
	return err
}
