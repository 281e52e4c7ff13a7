package wire

import (
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// The coders are safe for concurrent use; each holds buffers of its own. They are
// made when the program starts because they hold channels, and a channel made
// inside a testing/synctest bubble can never be used outside.
var (
	encoder = newEncoder()
	decoder = must(zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxBody)))
)

func newEncoder() *zstd.Encoder {
	e := must(zstd.NewWriter(nil, zstd.WithEncoderConcurrency(0), zstd.WithEncoderCRC(false),
		zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithWindowSize(64<<10), zstd.WithSingleSegment(true)))
	e.EncodeAll(make([]byte, 1), nil) // makes its channel
	return e
}

// must is for constructors that fail only on options out of range.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// pack returns data compressed if that makes it smaller, and otherwise unchanged.
func pack(data []byte, compress bool) []byte {
	if compress {
		if packed := encoder.EncodeAll(data, make([]byte, 0, len(data))); len(packed) < len(data) {
			return packed
		}
	}
	return data
}

// unpackData reverses pack.
func unpackData(packed []byte, length int) ([]byte, error) {
	if len(packed) == length {
		return packed, nil
	}
	return unpack(packed, length)
}

// unpack decompresses data, which must have the given length.
func unpack(packed []byte, length int) ([]byte, error) {
	// The length does not decide how much memory is allocated until the bytes
	// confirm it.
	data, err := decoder.DecodeAll(packed, make([]byte, 0, min(length, 32*len(packed))))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if len(data) != length {
		return nil, fmt.Errorf("%w: %d bytes unpacked, want %d", ErrCorrupt, len(data), length)
	}
	return data, nil
}
