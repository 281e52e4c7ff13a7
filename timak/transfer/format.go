package transfer

import (
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/timak-go/timak/timak"
)

// A dump is
//
//	head     "timakdmp", version u32, CRC-32C u32 of what precedes it
//	records  kind u8, length u32, CRC-32C u32 of both; a body of that length; CRC-32C
//	         u32 of the body
//
// with numbers in little endian. The body of a record of kind 1 is a timeline: length of
// the key u16, the key, and the value as a store has it. They come in the order of their
// keys. The last record is of kind 2: the number of timelines u64, the number of those
// that were left out u64, and the SHA-256 of everything before this record, with both
// numbers behind it. Nothing follows.
const (
	magic   = "timakdmp"
	version = 1

	kindTimeline = 1
	kindEnd      = 2

	headLen    = len(magic) + 4 + 4
	frameLen   = 1 + 4 + 4
	numbersLen = 8 + 8
	maxRecord  = 256 << 20 // bytes of a body; a value has 64 MiB unpacked
)

var (
	// ErrDump is returned for a file that is no dump, or is damaged, or was cut short.
	ErrDump = errors.New("file is no whole dump of timelines: restore another one, or dump again")

	// ErrDumpVersion is returned for a dump of a later release, which is undamaged.
	ErrDumpVersion = errors.New("dump was made by a later release: restore it with that")

	// errKeyLen is for keys that no timeline has.
	errKeyLen = fmt.Errorf("%w: a key of a dump has 1 to %d bytes", timak.ErrKey, timak.MaxKeyLen)
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }
