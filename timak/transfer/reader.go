package transfer

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/timak-go/timak/timak"
)

// A reader reads a dump.
type reader struct {
	from    io.Reader
	sum     hash.Hash // of everything read
	count   uint64    // of timelines
	leftOut uint64    // timelines that are not in the dump; known at its end
}

// newReader reads the head of a dump.
func newReader(from io.Reader) (*reader, error) {
	d := &reader{from: bufio.NewReaderSize(from, 1<<20), sum: sha256.New()}
	head, err := d.read(headLen)
	if err != nil {
		return nil, err
	}
	d.sum.Write(head)
	if !bytes.HasPrefix(head, []byte(magic)) {
		return nil, damaged("it does not begin like one")
	}
	end := headLen - 4
	if binary.LittleEndian.Uint32(head[end:]) != checksum(head[:end]) {
		return nil, damaged("the checksum of its head differs")
	}
	if v := binary.LittleEndian.Uint32(head[len(magic):]); v != version {
		return nil, fmt.Errorf("%w: it has version %d, and this one reads version %d", ErrDumpVersion, v, version)
	}
	return d, nil
}

// next returns the next timeline, or io.EOF after the last one of a whole dump.
func (d *reader) next() (timeline, error) {
	frame, err := d.read(frameLen)
	if err != nil {
		return timeline{}, err
	}
	if binary.LittleEndian.Uint32(frame[5:]) != checksum(frame[:5]) {
		return timeline{}, d.damaged("the checksum of its length differs")
	}
	length := binary.LittleEndian.Uint32(frame[1:])
	if length > maxRecord {
		return timeline{}, d.damaged("it has %d bytes, more than any", length)
	}
	body, err := d.read(int(length) + 4)
	if err != nil {
		return timeline{}, err
	}
	body, end := body[:length], body[length:]
	if binary.LittleEndian.Uint32(end) != checksum(body) {
		return timeline{}, d.damaged("its checksum differs")
	}
	switch frame[0] {
	case kindTimeline:
		d.sum.Write(frame)
		d.sum.Write(body)
		d.sum.Write(end)
		d.count++
		return timelineOf(d, body)
	case kindEnd:
		return timeline{}, d.end(body)
	default:
		return timeline{}, d.damaged("it is of the unknown kind %d", frame[0])
	}
}

func timelineOf(d *reader, body []byte) (timeline, error) {
	if len(body) >= 2 {
		n := int(binary.LittleEndian.Uint16(body))
		if body = body[2:]; 0 < n && n <= timak.MaxKeyLen && n <= len(body) {
			return timeline{key: string(body[:n]), value: body[n:]}, nil
		}
	}
	return timeline{}, d.damaged("it holds no key")
}

// end returns io.EOF if the last record is right and nothing follows.
func (d *reader) end(body []byte) error {
	want := binary.LittleEndian.AppendUint64(nil, d.count)
	if len(body) > numbersLen {
		want = append(want, body[len(want):numbersLen]...)
		d.leftOut = binary.LittleEndian.Uint64(body[8:])
	}
	d.sum.Write(want)
	if !bytes.Equal(body, d.sum.Sum(want)) {
		return damaged("its end does not belong to the %d timelines before", d.count)
	}
	if n, err := io.CopyN(io.Discard, d.from, 1); n > 0 || !errors.Is(err, io.EOF) {
		return damaged("something follows its end")
	}
	return io.EOF
}

// read reads n bytes. It takes no memory for bytes that are not there.
func (d *reader) read(n int) ([]byte, error) {
	var b bytes.Buffer
	switch got, err := io.CopyN(&b, d.from, int64(n)); {
	case errors.Is(err, io.EOF):
		return nil, damaged("it was cut short after %d timelines, %d bytes before the end of the next part", d.count, int64(n)-got)
	case err != nil:
		return nil, err
	}
	return b.Bytes(), nil
}

// damaged says what is wrong with the record after those that were read.
func (d *reader) damaged(format string, args ...any) error {
	return damaged("record %d: %s", d.count+1, fmt.Sprintf(format, args...))
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDump, fmt.Sprintf(format, args...))
}
