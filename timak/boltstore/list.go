package boltstore

import (
	"context"
	"fmt"
	"iter"

	"go.etcd.io/bbolt"

	"github.com/timak-go/timak/timak/internal/keys"
)

// Keys returns the keys that begin with prefix and come after the key after, in
// order; see driver.Lister. Each thousand is a transaction of its own, as a
// long one would keep the file from reusing its pages.
func (s *Store) Keys(ctx context.Context, prefix, after string) iter.Seq2[string, error] {
	return keys.List(prefix, after, func(from string) (page []string, err error) {
		err = s.view(ctx, func(tx *bbolt.Tx) (err error) {
			page, err = list(tx, from)
			s.file.touch(len(page)/keysAPage+1, 0)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("boltstore: list %q%s: %w", prefix, s.of(err), err)
		}
		return page, nil
	})
}

// keysAPage is about how many keys a page of the file holds, with the values that are
// not too long for that.
const keysAPage = 4

// list returns the next keys from a place on.
func list(tx *bbolt.Tx, from string) (page []string, err error) {
	bucket, err := records(tx)
	if err != nil {
		return nil, err
	}
	cursor := bucket.Cursor()
	for key, _ := cursor.Seek([]byte(from)); key != nil && len(page) < keys.PageLen; key, _ = cursor.Next() {
		page = append(page, string(key))
	}
	return page, nil
}
