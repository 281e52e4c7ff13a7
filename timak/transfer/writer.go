package transfer

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"io"

	"github.com/timak-go/timak/timak"
)

// A writer writes a dump.
type writer struct {
	to    io.Writer
	sum   hash.Hash // of everything written
	count uint64    // of timelines
}

// newWriter begins a dump.
func newWriter(w io.Writer) (*writer, error) {
	sum := sha256.New()
	d := &writer{to: io.MultiWriter(w, sum), sum: sum}
	head := binary.LittleEndian.AppendUint32([]byte(magic), version)
	_, err := d.to.Write(binary.LittleEndian.AppendUint32(head, checksum(head)))
	return d, err
}

// write adds a timeline.
func (d *writer) write(key string, value []byte) error {
	if len(key) == 0 || len(key) > timak.MaxKeyLen {
		return errKeyLen
	}
	body := make([]byte, 0, 2+len(key)+len(value))
	body = binary.LittleEndian.AppendUint16(body, uint16(len(key)))
	body = append(body, key...)
	d.count++
	return d.record(kindTimeline, append(body, value...))
}

// end writes the last record, with how many timelines were left out.
func (d *writer) end(leftOut int) error {
	numbers := binary.LittleEndian.AppendUint64(nil, d.count)
	numbers = binary.LittleEndian.AppendUint64(numbers, uint64(leftOut))
	d.sum.Write(numbers)
	return d.record(kindEnd, d.sum.Sum(numbers))
}

func (d *writer) record(kind byte, body []byte) error {
	frame := binary.LittleEndian.AppendUint32([]byte{kind}, uint32(len(body)))
	frame = binary.LittleEndian.AppendUint32(frame, checksum(frame))
	end := binary.LittleEndian.AppendUint32(nil, checksum(body))
	for _, part := range [][]byte{frame, body, end} {
		if _, err := d.to.Write(part); err != nil {
			return err
		}
	}
	return nil
}
