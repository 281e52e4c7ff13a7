package wire

import (
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// The coders are safe for concurrent use; each holds buffers of its own. They
// are made when the program starts: they hold channels, and a channel that was
// made inside a testing/synctest bubble can never be used outside.
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

// pack returns data compressed where that makes it smaller, else as it is.
func pack(data []byte, compress bool) []byte {
	if compress {
		if packed := encoder.EncodeAll(data, make([]byte, 0, len(data))); len(packed) < len(data) {
			return packed
		}
	}
	return data
}

// unpackData undoes pack.
func unpackData(packed []byte, length int) ([]byte, error) {
	if len(packed) == length {
		return packed, nil
	}
	return unpack(packed, length)
}

// unpack returns the data of the given length.
func unpack(packed []byte, length int) ([]byte, error) {
	// The length is not trusted with memory before the bytes bear it out.
	data, err := decoder.DecodeAll(packed, make([]byte, 0, min(length, 32*len(packed))))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if len(data) != length {
		return nil, fmt.Errorf("%w: %d bytes unpacked, want %d", ErrCorrupt, len(data), length)
	}
	return data, nil
}
