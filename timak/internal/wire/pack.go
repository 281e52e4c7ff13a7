package wire

import (
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// The coders are safe for concurrent use and made once, when they are first
// needed: each holds buffers of its own.
var (
	encoder = sync.OnceValue(func() *zstd.Encoder {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(0), zstd.WithEncoderCRC(false))
		return must(e, err)
	})
	decoder = sync.OnceValue(func() *zstd.Decoder {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxBody))
		return must(d, err)
	})
)

// must is for constructors that fail only on options out of range.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// pack appends body to out, compressed where that makes it smaller, and
// returns how it was packed.
func pack(out, body []byte, compress bool) ([]byte, byte) {
	if compress {
		start := len(out)
		out = encoder().EncodeAll(body, out)
		if len(out)-start < len(body) {
			return out, packedZstd
		}
		out = out[:start]
	}
	return append(out, body...), packedNot
}

// unpack returns the body of the given length.
func unpack(packed []byte, how byte, length int) ([]byte, error) {
	body := packed
	switch how {
	case packedNot:
	case packedZstd:
		// The length is not trusted with memory before the bytes bear it out.
		var err error
		if body, err = decoder().DecodeAll(packed, make([]byte, 0, min(length, 32*len(packed)))); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
	default:
		return nil, fmt.Errorf("%w: packing %d is unknown", ErrCorrupt, how)
	}
	if len(body) != length {
		return nil, fmt.Errorf("%w: %d bytes unpacked, want %d", ErrCorrupt, len(body), length)
	}
	return body, nil
}
