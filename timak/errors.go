package timak

import (
	"errors"
	"fmt"

	"github.com/timak-go/timak/timak/internal/wire"
)

// Limits. Exceeding one returns the error named after it.
const (
	// MaxKeyLen is the longest key of a timeline, in bytes.
	MaxKeyLen = 512
	// MaxIDLen is the longest id of an item, in bytes.
	MaxIDLen = 512
	// MaxSourceLen is the longest source, in bytes.
	MaxSourceLen = 512
	// MaxLimit is the largest page.
	MaxLimit = 1000
	// MaxKeys is the largest number of timelines that PageOf merges.
	MaxKeys = 100
	// MaxVersion is the highest explicit version: microseconds until about the year
	// 148,000. As much room again is left above it for versions that must exceed
	// it.
	MaxVersion = 1 << 62
)

var (
	// ErrKey is returned for a key that is empty or longer than MaxKeyLen.
	ErrKey = fmt.Errorf("key must have 1 to %d bytes", MaxKeyLen)

	// ErrID is returned for an id that is empty or longer than MaxIDLen.
	ErrID = fmt.Errorf("id must have 1 to %d bytes", MaxIDLen)

	// ErrSource is returned for a source longer than MaxSourceLen, and for
	// RemoveSource of the empty source.
	ErrSource = fmt.Errorf("source must have 1 to %d bytes, or none for an item with a single source", MaxSourceLen)

	// ErrData is returned for data over Options.MaxData.
	ErrData = errors.New("data is over the limit")

	// ErrDate is returned for a date that is not an int64 of microseconds since
	// 1970: before the year -290,308 or after 294,247.
	ErrDate = errors.New("date is outside the range of int64 microseconds")

	// ErrVersion is returned for an explicit version outside 1 to MaxVersion.
	ErrVersion = fmt.Errorf("version must be 1 to %d", int64(MaxVersion))

	// ErrLimit is returned for a page size outside 1 to MaxLimit. Page's message does
	// not name the key.
	ErrLimit = fmt.Errorf("limit must be 1 to %d", MaxLimit)

	// ErrKeys is returned by PageOf for no keys or more than MaxKeys.
	ErrKeys = fmt.Errorf("between 1 and %d keys can be merged", MaxKeys)

	// ErrBadCursor is returned for a cursor that this library did not make, that
	// was changed since, or that belongs to another key or order. Page's message does
	// not name the key, so it may be shown to the reader who sent the cursor.
	ErrBadCursor = errors.New("cursor is damaged or belongs to another timeline")

	// ErrCorrupt is returned when a stored value is damaged or belongs to another
	// key. The other siblings are unaffected: a read returns their contents along
	// with the error; a write stores nothing.
	ErrCorrupt = wire.ErrCorrupt
)
