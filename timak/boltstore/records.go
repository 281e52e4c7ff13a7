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
//
// What was added to a record is in a bucket of its own, as a record of the later siblings: they
// are written again with each addition, and their neighbours on a page are, but the
// record is not. The next Put leaves an empty value there. It does not delete the key: bbolt
// would join pages that nobody has checked.
const (
	bucketName = "siblings"
	recordName = "record"
	addedName  = "added"
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

// additions returns the bucket of what was added to records, nil if nothing ever was.
func additions(tx *bbolt.Tx) (*bbolt.Bucket, error) {
	bucket := tx.Bucket([]byte(addedName))
	if bucket == nil && tx.Cursor().Bucket().Get([]byte(addedName)) != nil {
		return nil, damagedFile(fmt.Errorf("its %q is no bucket", addedName))
	}
	return bucket, nil
}

// loaded is what is under a key. It shares memory with a transaction.
type loaded struct {
	record  siblings.Record // without what was added to it
	all     siblings.Record
	mayAdd  bool // the record may be added to
	hasMore bool // something was added
}

// load returns what is under key.
func load(tx *bbolt.Tx, key string) (l loaded, err error) {
	stored, err := find(tx, key)
	if err != nil {
		return loaded{}, err
	}
	if l.record = siblings.New(key); stored != nil {
		if l.record, err = siblings.Decode(key, stored); err != nil {
			return loaded{}, damagedRecord(err)
		}
	}
	l.mayAdd = siblings.MayBeAddedTo(stored)
	added, err := loadAdded(tx, key)
	if err != nil {
		return loaded{}, err
	}
	l.hasMore = added.Len() > 0
	if l.all, err = l.record.Join(added); err != nil {
		return loaded{}, damagedRecord(err)
	}
	return l, nil
}

// loadAdded returns what was added to the record under key.
func loadAdded(tx *bbolt.Tx, key string) (siblings.Record, error) {
	bucket, err := additions(tx)
	if err != nil || bucket == nil {
		return siblings.New(key), err
	}
	stored := bucket.Get([]byte(key))
	switch {
	case stored == nil && bucket.Bucket([]byte(key)) != nil:
		return siblings.Record{}, damagedRecord(errors.New("what was added to it is a bucket"))
	case len(stored) == 0:
		return siblings.New(key), nil
	}
	added, err := siblings.Decode(key, stored)
	if err != nil {
		return siblings.Record{}, damagedRecord(err)
	}
	return added, nil
}

// loadFront returns the siblings under key, of the record's only one the first bytes; ok
// is false if there is no such part. It shares memory with tx.
func loadFront(tx *bbolt.Tx, key string, length int) (parts [][]byte, ok bool, err error) {
	stored, err := find(tx, key)
	if err != nil {
		return nil, false, err
	}
	front, ok := siblings.Front(stored, length)
	if !ok {
		return nil, false, nil
	}
	added, err := loadAdded(tx, key)
	return append([][]byte{front}, added.Object().Siblings...), err == nil, err
}

// find returns the record under key as it is stored, nil if there is none.
func find(tx *bbolt.Tx, key string) (stored []byte, err error) {
	bucket, err := records(tx)
	if err != nil {
		return nil, err
	}
	own := bucket.Bucket([]byte(key))
	if own == nil {
		return bucket.Get([]byte(key)), nil
	}
	if stored = own.Get([]byte(recordName)); stored == nil {
		return nil, damagedRecord(fmt.Errorf("its bucket holds no %q", recordName))
	}
	return stored, nil
}

// save stores the record under key in place of what load has found. What it refuses it refuses
// before it changes anything.
func save(tx *bbolt.Tx, key string, before loaded, record siblings.Record) error {
	stored := record.Encode()
	if err := storable(key, stored); err != nil {
		return err
	}
	own, err := makeOwn(tx.Bucket([]byte(bucketName)), key)
	if err != nil {
		return err
	}
	if before.hasMore {
		if err := tx.Bucket([]byte(addedName)).Put([]byte(key), nil); err != nil {
			return err
		}
	}
	return own.Put([]byte(recordName), stored)
}

// saveAdded stores what a record has in addition to the one that load has found. That one stays
// as it is, unless it is so old that it cannot be added to.
func saveAdded(tx *bbolt.Tx, key string, before loaded, record siblings.Record) error {
	if !before.mayAdd {
		return save(tx, key, before, record)
	}
	stored := record.After(before.record).Encode()
	if err := storable(key, stored); err != nil {
		return err
	}
	bucket, err := tx.CreateBucketIfNotExists([]byte(addedName))
	if err != nil {
		return err
	}
	return bucket.Put([]byte(key), stored)
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
