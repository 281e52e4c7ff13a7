package state

import (
	"bytes"
	"sync"
)

// Data is an item's data. It may still be packed together with that of other items,
// so that moving it costs nothing. The zero Data is empty.
type Data struct {
	pack     *Pack
	from, to int32
}

// Pack is the data of several items. Like a State it belongs to one goroutine at a
// time; once nothing changes any more, others may read its data.
type Pack struct {
	packed []byte // as stored; nil for data that was never stored
	length int    // of plain
	unpack func(packed []byte, length int) ([]byte, error)
	spoilt bool

	once  sync.Once // for unpack
	plain []byte
	err   error
}

// Plain returns data that is not packed. It keeps b.
func Plain(b []byte) Data {
	if len(b) == 0 {
		return Data{}
	}
	return Data{pack: &Pack{plain: b, length: len(b)}, to: int32(len(b))}
}

// Store makes p, which must be new, a stored pack. unpack is called when the data
// is first needed; length is the length of the unpacked data.
func (p *Pack) Store(packed []byte, length int, unpack func(packed []byte, length int) ([]byte, error)) {
	*p = Pack{packed: packed, length: length, unpack: unpack}
}

// Data returns the part of the pack between two places, which must be within it.
func (p *Pack) Data(from, to int) Data {
	if from == to {
		return Data{}
	}
	return Data{pack: p, from: int32(from), to: int32(to)}
}

// Stored returns the pack as it was stored and the length of its data. ok is false
// if it must not be stored again as it is, because part of it was removed.
func (p *Pack) Stored() (packed []byte, length int, ok bool) {
	return p.packed, p.length, p.packed != nil && !p.spoilt
}

// same reports whether two packs hold the same data.
func (p *Pack) same(q *Pack) bool {
	if p == q {
		return true
	}
	if p.packed == nil || p.length != q.length || !bytes.Equal(p.packed, q.packed) {
		return false
	}
	q.packed = p.packed // the next comparison is then fast, as they share memory
	return true
}

func (p *Pack) bytes() ([]byte, error) {
	if p.unpack != nil {
		p.once.Do(func() { p.plain, p.err = p.unpack(p.packed, p.length) })
	}
	return p.plain, p.err
}

// Len is the length of the data.
func (d Data) Len() int { return int(d.to - d.from) }

// Place returns the pack that the data is in, and where; nil for empty data.
func (d Data) Place() (p *Pack, from, to int) { return d.pack, int(d.from), int(d.to) }

// Bytes returns the data, which shares memory with the pack. The error is that of
// unpacking.
func (d Data) Bytes() ([]byte, error) {
	if d.pack == nil {
		return nil, nil
	}
	all, err := d.pack.bytes()
	if err != nil {
		return nil, err
	}
	return all[d.from:d.to:d.to], nil
}

// Equal reports whether two Data hold the same bytes.
func (d Data) Equal(o Data) bool { return d.compare(o) == 0 }

// compare orders data by its bytes. Data that cannot be unpacked counts as empty,
// as nobody will ever see it.
func (d Data) compare(o Data) int {
	if d.from == o.from && d.to == o.to && (d.pack == o.pack || d.pack != nil && o.pack != nil && d.pack.same(o.pack)) {
		return 0
	}
	a, _ := d.Bytes()
	b, _ := o.Bytes()
	return bytes.Compare(a, b)
}

// remove records that the data is gone, so that its pack is not stored again as it
// is.
func (d Data) remove() {
	if d.pack != nil {
		d.pack.spoilt = true
	}
}
