package boltstore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
)

// A page that claims to consist of more pages than the file has is refused by the puts
// that would free it: bbolt would count to the claimed number, and keep them all in
// memory. errorsOf puts under the last key.
func TestPageThatClaimsTooMany(t *testing.T) {
	t.Parallel()
	whole, size := storeFile(t), os.Getpagesize()
	path := filepath.Join(t.TempDir(), "feed.db")
	freed := pagesOf(t, path, whole, fmt.Sprintf("key %04d", explainedKeys-1))
	for at := 2 * size; at < len(whole); at += size {
		for _, following := range []uint32{100, 1 << 20, 1<<32 - 1} {
			b := bytes.Clone(whole)
			binary.NativeEndian.PutUint32(b[at+12:], following)
			page, claims := fmt.Sprintf("page %d of", at/size), fmt.Sprintf("claims %d more", following)
			_, all := errorsOf(t, path, page+" a file "+claims, b)
			kind, ok := freed[at/size]
			if got := fmt.Sprint(all); ok && (!strings.Contains(got, page) || !strings.Contains(got, claims)) {
				t.Errorf("%s, which %s: got %v, want it refused", kind, claims, got)
			}
		}
	}
}

// pagesOf returns the pages that a put under key frees, and what they are.
func pagesOf(t *testing.T, path string, content []byte, key string) map[int]string {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	all := map[int]string{}
	err = db.View(func(tx *bbolt.Tx) error {
		keys := tx.Bucket([]byte(bucketName))
		all[int(tx.Cursor().Bucket().Root())] = "the outermost bucket"
		all[int(keys.Root())] = "the bucket of all keys"
		all[int(keys.Bucket([]byte(key)).Root())] = "the bucket of a key"
		all[int(tx.Bucket([]byte(addedName)).Root())] = "the bucket of additions"
		for id := 2; ; id++ {
			page, err := tx.Page(id)
			if err != nil || page == nil {
				return err
			}
			if page.Type == "freelist" {
				all[id] = "the list of free pages"
			}
		}
	})
	if err != nil || len(all) != 5 || all[0] != "" {
		t.Fatalf("got pages %v, %v; want five of different kinds", all, err)
	}
	return all
}
