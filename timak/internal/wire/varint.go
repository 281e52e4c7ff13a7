package wire

import (
	"encoding/binary"
	"fmt"
)

// writer appends the parts of a body.
type writer struct {
	b        []byte
	unfolded int // bytes of all names
}

func (w *writer) unsigned(v uint64) { w.b = binary.AppendUvarint(w.b, v) }
func (w *writer) signed(v int64)    { w.b = binary.AppendVarint(w.b, v) }

func (w *writer) text(s string) {
	w.unsigned(uint64(len(s)))
	w.b = append(w.b, s...)
}

// names writes n texts, each without the prefix it shares with the one before.
func (w *writer) names(n int, name func(int) string) {
	last := ""
	for i := range n {
		s := name(i)
		shared := sharedPrefix(last, s)
		w.unsigned(uint64(shared))
		w.text(s[shared:])
		w.unfolded += len(s)
		last = s
	}
}

func sharedPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// deltas writes n numbers, each less the one before; differences may wrap.
func (w *writer) deltas(n int, value func(int) int64) {
	var last int64
	for i := range n {
		v := value(i)
		w.signed(v - last)
		last = v
	}
}

// reader takes the parts of a body. After the first fault err is set and everything
// reads as zero.
type reader struct {
	b        []byte
	unfolded int // bytes of all names
	err      error
}

func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", ErrCorrupt, what)
	}
	r.b = nil
}

// unsigned takes a number. Most have one byte.
func (r *reader) unsigned() uint64 {
	if b := r.b; len(b) > 0 && b[0] < 0x80 {
		r.b = b[1:]
		return uint64(b[0])
	}
	return r.longer()
}

func (r *reader) longer() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail("number")
		return 0
	}
	r.b = r.b[n:]
	return v
}

// signed takes a signed number: zigzag, as in encoding/binary.
func (r *reader) signed() int64 {
	v := r.unsigned()
	return int64(v>>1) ^ -int64(v&1)
}

// count reads the number of elements that follow. Each takes at least each bytes,
// so the result is safe to allocate for.
func (r *reader) count(each int) int {
	v := r.unsigned()
	if v > uint64(len(r.b)/each) {
		r.fail("count")
		return 0
	}
	return int(v)
}

// take returns the next n bytes.
func (r *reader) take(n int) []byte {
	if n > len(r.b) {
		r.fail("short")
		return nil
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) text() string { return string(r.take(r.count(1))) }

func (r *reader) names(n int, set func(int, string)) {
	last := ""
	for i := range n {
		shared := r.unsigned()
		if shared > uint64(len(last)) {
			r.fail("name")
			return
		}
		rest := r.text()
		if rest != "" || shared < uint64(len(last)) { // otherwise it is the same name again, and shares memory
			last = last[:shared] + rest
		}
		r.unfolded += len(last)
		if len(last) > maxName || r.unfolded > maxBody {
			r.fail("name")
			return
		}
		set(i, last)
	}
}

// maxName bounds what front coding can unfold to. The engine's names have at most
// 512 bytes.
const maxName = 512

func (r *reader) deltas(n int, set func(int, int64)) {
	var last int64
	for i := range n {
		last += r.signed()
		set(i, last)
	}
}
