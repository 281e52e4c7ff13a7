package siblings

import (
	"fmt"
	"slices"

	"github.com/timak-go/timak/timak/driver"
)

// Record is what a store holds under one key. A Record is immutable, so any number
// of goroutines may use it. The zero Record is that of an absent empty key; New
// makes an absent record of any other key.
type Record struct {
	key      string
	siblings []sibling // ascending by seq; empty if the key is absent
}

// sibling is a value and the place of its put among all puts of the key.
type sibling struct {
	seq   uint64 // 1 is the first
	value []byte
}

// New returns the record of a key that was never written.
func New(key string) Record { return Record{key: key} }

// Put returns the record after a put of value by a writer that saw token, and the
// token that covers value alone: nil if siblings remain beside it. An empty token
// covers nothing. The new record keeps value and shares it with the caller.
//
// It returns driver.ErrToken for a token that this record did not give out.
func (r Record) Put(value []byte, token driver.Token) (Record, driver.Token, error) {
	seen, err := r.parseToken(token)
	if err != nil {
		return Record{}, nil, err
	}
	put := sibling{seq: r.last() + 1, value: value}
	after := Record{key: r.key, siblings: append(r.unseen(seen), put)}
	if len(after.siblings) > 1 {
		return after, nil, nil
	}
	return after, after.token(), nil
}

// Add returns the record with value beside all siblings, and the token that covers value and
// the siblings that token covers: nil if there are others, or if those are gone. The new
// record keeps value and shares it with the caller.
//
// It returns driver.ErrToken for a token that this record did not give out.
func (r Record) Add(value []byte, token driver.Token) (Record, driver.Token, error) {
	seen, err := r.parseToken(token)
	if err != nil {
		return Record{}, nil, err
	}
	after := Record{key: r.key, siblings: append(slices.Clip(r.siblings), sibling{seq: r.last() + 1, value: value})}
	if len(r.unseen(seen)) > 0 {
		return after, nil, nil
	}
	return after, after.token(), nil
}

// Join returns the record with the siblings of added, which were put after its own. It
// fails if they were not.
func (r Record) Join(added Record) (Record, error) {
	if len(added.siblings) > 0 && added.siblings[0].seq <= r.last() {
		return Record{}, fmt.Errorf("addition %d to a record that has seen put %d", added.siblings[0].seq, r.last())
	}
	return Record{key: r.key, siblings: append(slices.Clip(r.siblings), added.siblings...)}, nil
}

// After returns the siblings that were put after those of base.
func (r Record) After(base Record) Record {
	return Record{key: r.key, siblings: r.unseen(base.last())}
}

// Object returns the siblings, which share memory with the record, and their token.
func (r Record) Object() driver.Object {
	if len(r.siblings) == 0 {
		return driver.Object{}
	}
	values := make([][]byte, len(r.siblings))
	for i, s := range r.siblings {
		values[i] = slices.Clip(s.value)
	}
	return driver.Object{Siblings: values, Token: r.token()}
}

// Len returns the number of siblings.
func (r Record) Len() int { return len(r.siblings) }

// last is the counter of the key. The value put last is always a sibling, as no
// earlier token can cover it; so its number is the highest given out.
func (r Record) last() uint64 {
	if len(r.siblings) == 0 {
		return 0
	}
	return r.siblings[len(r.siblings)-1].seq
}

// unseen returns the siblings that were put after seen. Appending to the result
// copies it and leaves the record unchanged.
func (r Record) unseen(seen uint64) []sibling {
	kept := slices.IndexFunc(r.siblings, func(s sibling) bool { return s.seq > seen })
	if kept < 0 {
		return nil
	}
	return slices.Clip(r.siblings[kept:])
}
