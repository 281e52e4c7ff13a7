package watchers

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"slices"
)

// A note is what one process tells the others by NOTIFY: who it is, and the checksums of
// the keys of timelines that it has written. Two keys with one checksum only make a reader
// look in vain. A note without checksums is of all timelines.

// sum stands for a key.
type sum = uint32

func sumOf(key string) sum { return crc32.ChecksumIEEE([]byte(key)) }

// sender is a random number of a process, which is told of its own writes at once.
type sender = uint64

func newSender() sender {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint64(b[:])
}

// sumsPerNote is how many checksums fit in a note: NOTIFY takes less than 8,000 bytes.
const sumsPerNote = (7999*3/4 - 8) / 4

// notes returns the notes of some writes.
func notes(from sender, keys []sum) []string {
	var all []string
	for some := range slices.Chunk(keys, sumsPerNote) {
		b := binary.BigEndian.AppendUint64(nil, from)
		for _, key := range some {
			b = binary.BigEndian.AppendUint32(b, key)
		}
		all = append(all, base64.RawStdEncoding.EncodeToString(b))
	}
	return all
}

// readNote returns what a note says, and whether it is one.
func readNote(note string) (from sender, keys []sum, ok bool) {
	b, err := base64.RawStdEncoding.DecodeString(note)
	if err != nil || len(b)%4 != 0 || len(b) < 8 {
		return 0, nil, false
	}
	from = binary.BigEndian.Uint64(b)
	for b = b[8:]; len(b) > 0; b = b[4:] {
		keys = append(keys, binary.BigEndian.Uint32(b))
	}
	return from, keys, true
}
