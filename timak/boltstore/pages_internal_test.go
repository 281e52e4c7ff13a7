package boltstore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A page that claims to consist of more pages than the file has is refused by the puts
// that would free it: bbolt would count to the claimed number, and keep them all in
// memory.
func TestPageThatClaimsTooMany(t *testing.T) {
	t.Parallel()
	whole, size := storeFile(t), os.Getpagesize()
	path := filepath.Join(t.TempDir(), "feed.db")
	refused := map[uint16]int{} // by kind of page
	for at := 2 * size; at < len(whole); at += size {
		for _, following := range []uint32{uint32((len(whole) - at) / size), 1 << 10, 1<<32 - 1} {
			b := bytes.Clone(whole)
			binary.NativeEndian.PutUint32(b[at+12:], following)
			name := fmt.Sprintf("page %d claims %d more", at/size, following)
			_, all := errorsOf(t, path, name, b)
			for _, err := range all {
				if strings.Contains(err.Error(), fmt.Sprintf("page %d of %d claims %d more", at/size, len(whole)/size, following)) {
					refused[binary.NativeEndian.Uint16(b[at+8:])]++
					break
				}
			}
		}
	}
	const branch, leaf, freelist = 0x01, 0x02, 0x10
	for kind, name := range map[uint16]string{branch: "branch", leaf: "leaf", freelist: "list of free pages"} {
		if refused[kind] < 3 {
			t.Errorf("%s: %d were refused, want three or more", name, refused[kind])
		}
	}
}
