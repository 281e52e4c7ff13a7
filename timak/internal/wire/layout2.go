package wire

import (
	"encoding/binary"
	"fmt"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/state"
)

// Layout 2. All numbers are varints (u: unsigned; s: signed, zigzag), a text is
// its length (u) and its bytes:
//
//	key       text
//	horizon   s
//	flags     u, the sum of: 1 if an item has several live entries; 2 or 4 if
//	          there is a floor, of the order NewestFirst or OldestFirst
//	floor     date s, id text; only if there is one
//	names     u count; texts: what ids begin with
//	sources   u count; texts
//	blocks    u count; of each: entries u, bytes of its columns u, bytes of its
//	          data as stored u and unpacked u, date of its first entry s, less that
//	          of the block before
//	graves    u length; what graves.go says
//	columns   of each block: columns.go
//	data      of each block: the data of its entries, one after the other, as it
//	          is or, if that is shorter, compressed by zstd
//
// Live entries are in the order of state.State, the latest first, so that a page
// needs only the head and the blocks that its items are in. A block's data may end
// with that of entries that fell off the timeline's end.
type head struct {
	horizon int64
	shared  bool
	floor   state.Floor
	names   dictionary
	sources dictionary
	blocks  []blockHead
}

// blockHead is what the head says of a block.
type blockHead struct {
	entries, columns, stored, data int
	date                           int64

	columnsAt, storedAt int // offsets in the value's columns and data, set when it is read
}

// Encode returns the stored value of the timeline under key, or driver.ErrTooLarge
// for a value that Decode would not accept.
func Encode(key string, s *state.State, compress bool) ([]byte, error) {
	return encode(key, &Excerpt{State: *s}, compress)
}

func encode(key string, x *Excerpt, compress bool) ([]byte, error) {
	s := &x.State
	h := head{horizon: s.Horizon, shared: s.Shared(), floor: s.Floor}
	if x.Left > 0 {
		h.names, h.sources = x.view.head.names.copied(), x.view.head.sources.copied()
	}
	var fresh, graves writer
	fresh.b = make([]byte, 0, 16*len(s.Entries)) // mostly enough
	blocks := x.blocks()
	parts := make([]part, len(blocks))
	h.blocks = make([]blockHead, len(blocks))
	data, space := 0, 0
	for i := range blocks {
		var err error
		if h.blocks[i], parts[i], err = fresh.block(&h, &blocks[i], compress); err != nil {
			return nil, err
		}
		data, space = data+h.blocks[i].data, space+h.blocks[i].columns+h.blocks[i].stored
	}
	graves.graves(s, s.Dead())
	var w writer
	w.b = make([]byte, headLen, headLen+len(key)+64+20*len(blocks)+len(graves.b)+space)
	w.head(key, &h)
	w.unsigned(uint64(len(graves.b)))
	w.b = append(w.b, graves.b...)
	for i := range parts {
		w.b = append(w.b, parts[i].columns...)
	}
	if size := max(len(w.b)+data, graves.unfolded+fresh.unfolded); size > maxBody {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", driver.ErrTooLarge, size, maxBody)
	}
	for i := range parts {
		w.b = append(w.b, parts[i].data...)
	}
	copy(w.b, magic)
	w.b[2] = 2
	binary.LittleEndian.PutUint32(w.b[4:], checksum(w.b[headLen:]))
	return w.b, nil
}

// part is a block as it is stored.
type part struct{ columns, data []byte }

// block returns the head's part of a block and its stored form. It encodes the
// columns unless they can be copied.
func (w *writer) block(h *head, b *block, compress bool) (blockHead, part, error) {
	if b.from != nil {
		said := b.from.head.blocks[b.place]
		return said, part{b.from.columnsOf(&said), b.from.dataOf(&said)}, nil
	}
	packed, length, err := b.pack(compress)
	if err != nil {
		return blockHead{}, part{}, err
	}
	start := len(w.b)
	w.columnsOf(h, b.entries)
	columns := w.b[start:len(w.b):len(w.b)]
	said := blockHead{entries: len(b.entries), columns: len(columns), stored: len(packed), data: length, date: b.entries[0].Date}
	return said, part{columns, packed}, nil
}

func (w *writer) head(key string, h *head) {
	w.text(key)
	w.signed(h.horizon)
	w.flags(h)
	w.dictionary(&h.names)
	w.dictionary(&h.sources)
	w.unsigned(uint64(len(h.blocks)))
	var date int64
	for _, b := range h.blocks {
		w.unsigned(uint64(b.entries))
		w.unsigned(uint64(b.columns))
		w.unsigned(uint64(b.stored))
		w.unsigned(uint64(b.data))
		w.signed(b.date - date)
		date = b.date
	}
}

// The flags of a head.
const (
	flagShared = 1 << iota
	flagNewestFirst
	flagOldestFirst
)

// flags writes the flags, and the floor.
func (w *writer) flags(h *head) {
	var flags uint64
	if h.shared {
		flags |= flagShared
	}
	switch {
	case !h.floor.Set:
		w.unsigned(flags)
		return
	case h.floor.Order == state.NewestFirst:
		flags |= flagNewestFirst
	default:
		flags |= flagOldestFirst
	}
	w.unsigned(flags)
	w.signed(h.floor.At.Date)
	w.text(h.floor.At.ID)
}

func (w *writer) dictionary(d *dictionary) {
	w.unsigned(uint64(len(d.texts)))
	for _, text := range d.texts {
		w.text(text)
	}
}

// minBlock is the fewest bytes that a block takes in the head.
const minBlock = 5

// head reads what comes before the graves.
func (r *reader) head(key string) (h head, err error) {
	if got := r.take(r.count(1)); r.err == nil && string(got) != key {
		return head{}, fmt.Errorf("%w: it belongs to key %q", ErrCorrupt, got)
	}
	h.horizon = r.signed()
	r.flags(&h)
	h.names.texts = r.texts(maxNames)
	h.sources.texts = r.texts(maxBody)
	h.blocks = make([]blockHead, r.count(minBlock))
	var date int64
	for i := range h.blocks {
		date += r.lengthsAndDate(&h.blocks[i])
		h.blocks[i].date = date
	}
	return h, r.err
}

// lengthsAndDate reads the four lengths of a block, and returns its date, less that
// of the block before.
func (r *reader) lengthsAndDate(b *blockHead) int64 {
	b.entries, b.columns, b.stored, b.data = r.length(), r.length(), r.length(), r.length()
	if b.entries == 0 || b.entries > b.columns || b.stored > b.data {
		r.fail("block")
	}
	return r.signed()
}

// length reads the length of something that does not follow directly.
func (r *reader) length() int {
	v := r.unsigned()
	if v > maxBody {
		r.fail("length")
		return 0
	}
	return int(v)
}

func (r *reader) flags(h *head) {
	flags := r.unsigned()
	if flags > flagShared|flagOldestFirst {
		r.fail("flags")
		return
	}
	h.shared = flags&flagShared != 0
	if h.floor.Set = flags&^flagShared != 0; !h.floor.Set {
		return
	}
	if flags&flagOldestFirst != 0 {
		h.floor.Order = state.OldestFirst
	}
	h.floor.At.Date = r.signed()
	if h.floor.At.ID = r.text(); len(h.floor.At.ID) > maxName {
		r.fail("name")
	}
}

func (r *reader) flag() bool {
	v := r.unsigned()
	if v > 1 {
		r.fail("flag")
	}
	return v == 1
}

func (r *reader) texts(most int) []string {
	n := r.count(1)
	if n > most {
		r.fail("dictionary")
		return nil
	}
	texts := make([]string, n)
	for i := range texts {
		if texts[i] = r.text(); len(texts[i]) > maxName {
			r.fail("name")
		}
	}
	return texts
}

func decodeLayout2(key string, value []byte) (state.State, error) {
	v, err := openLayout2(key, value)
	if err != nil {
		return state.State{}, err
	}
	return v.decode(v.all)
}

// decode returns the state; live reads its live entries.
func (v *View) decode(live func() ([]state.Entry, error)) (state.State, error) {
	entries, err := live()
	if err != nil {
		return state.State{}, err
	}
	s := state.State{Horizon: v.head.horizon, Floor: v.head.floor, Entries: entries}
	graves := reader{b: v.graves}
	graves.graves(&s)
	if graves.err == nil && !v.head.shared && s.Shared() {
		graves.fail("shared")
	}
	return graves.finish(s, v)
}
