package boltstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"

	"go.etcd.io/bbolt"
)

// A page says how many more it consists of, and a commit frees as many, one by one,
// without looking whether the file has them: a single wrong bit in that number, and it
// would count for minutes and fill the memory. So a put looks at the pages that it is
// going to free. They begin with
//
//	0    8       10      12         16
//	+----+-------+-------+----------+---------
//	| id | flags | count | overflow | elements …
//	+----+-------+-------+----------+---------
//
// in the machine's byte order. An element of a branch is pos, key size and page, and its
// key is pos bytes after its beginning.
const (
	pageHeader = 16
	branchElem = 16
	branchFlag = 0x01
	noFreelist = ^uint64(0)
)

// pages are those of a file as a read-write transaction found them.
type pages struct {
	tx    *bbolt.Tx
	file  *os.File
	size  int64 // of a page, in bytes
	count int64
}

func (f *file) pages(tx *bbolt.Tx) pages {
	size := int64(f.db.Info().PageSize)
	return pages{tx: tx, file: f.handle, size: size, count: tx.Size() / size}
}

// checkShared returns a *damage if a page that every commit replaces has a length that
// cannot be right: those of the list of free pages and of the outermost bucket.
func (p pages) checkShared() error {
	if err := p.checkFreelist(); err != nil {
		return err
	}
	return p.checkPath(p.tx.Cursor().Bucket(), bucketName)
}

// checkRecord is checkShared for the pages that lead to key's record.
func (p pages) checkRecord(key string) error {
	bucket, err := records(p.tx)
	if err == nil {
		err = p.checkPath(bucket, key)
	}
	if err != nil {
		return err
	}
	if added := p.tx.Bucket([]byte(addedName)); added != nil {
		if err := p.checkPath(added, key); err != nil {
			return err
		}
	}
	if own := bucket.Bucket([]byte(key)); own != nil {
		return p.checkPath(own, recordName)
	}
	return nil
}

// checkPath checks the pages of a bucket that lead to a key.
func (p pages) checkPath(bucket *bbolt.Bucket, key string) error {
	at := uint64(bucket.Root())
	if at == 0 { // it is within a page of the bucket that it is in, or new
		return nil
	}
	for range p.count {
		page, err := p.read(at)
		if err != nil || !isBranch(page) {
			return err
		}
		at = child(page, key)
	}
	return damagedFile(errors.New("its pages lead in a circle"))
}

// checkFreelist checks the list of free pages. Its place is in one of the first two
// pages, the one of the latest commit.
func (p pages) checkFreelist() error {
	const freelist, commit, end = pageHeader + 32, pageHeader + 48, pageHeader + 64
	for at := range int64(2) {
		meta, err := p.bytes(at*p.size, end)
		if err != nil {
			return err
		}
		if number(meta[commit:]) != uint64(p.tx.ID())-1 { //nolint:gosec // a count
			continue
		}
		if id := number(meta[freelist:]); id != noFreelist {
			_, err = p.read(id)
		}
		return err
	}
	return damagedFile(errors.New("its first pages are not those of the latest write"))
}

// read returns the page with an id: all of a branch, of other pages what they begin with.
func (p pages) read(id uint64) ([]byte, error) {
	if id < 2 || id >= uint64(p.count) { //nolint:gosec // a count
		return nil, damagedFile(fmt.Errorf("a page leads to page %d of %d", id, p.count))
	}
	at := int64(id) * p.size //nolint:gosec // below count
	page, err := p.bytes(at, pageHeader)
	if err != nil {
		return nil, err
	}
	following := int64(binary.NativeEndian.Uint32(page[12:]))
	if following >= p.count-int64(id) { //nolint:gosec // below count
		return nil, damagedFile(fmt.Errorf("page %d of %d claims %d more", id, p.count, following))
	}
	if isBranch(page) {
		return p.bytes(at, (1+following)*p.size)
	}
	return page, nil
}

func (p pages) bytes(at, length int64) ([]byte, error) {
	b := make([]byte, length)
	_, err := p.file.ReadAt(b, at)
	if errors.Is(err, io.EOF) {
		return nil, damagedFile(errors.New("one of its pages is beyond its end"))
	}
	return b, unavailable(err)
}

func isBranch(page []byte) bool { return page[8]&branchFlag != 0 }

// child returns the page to which a branch leads for a key. It panics if there is none,
// as bbolt would.
func child(branch []byte, key string) uint64 {
	count := int(binary.NativeEndian.Uint16(branch[10:]))
	element := func(i int) []byte { return branch[pageHeader+i*branchElem:] }
	beyond := sort.Search(count, func(i int) bool {
		e := element(i)
		pos, size := binary.NativeEndian.Uint32(e), binary.NativeEndian.Uint32(e[4:])
		return string(e[pos:][:size]) > key
	})
	return number(element(max(beyond-1, 0))[8:])
}

func number(b []byte) uint64 { return binary.NativeEndian.Uint64(b) }
