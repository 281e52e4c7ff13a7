package timak_test

import (
	"fmt"

	"pgregory.net/rapid"

	"github.com/timak-go/timak/timak"
)

// A property that fails prints the shrunk case and a seed; go test -run NAME
// -rapid.seed=SEED runs the same cases again.

// step is one change of a random history.
type step struct {
	kind       kind
	id, source string
	date       int64
	data       string
	version    int64 // 0 to let the engine pick one
}

type kind int

const (
	putItem kind = iota
	dropEntry
	dropItem
	dropSource
)

// entry identifies a register.
type entry struct{ id, source string }

func (s step) entry() entry { return entry{s.id, s.source} }

func (s step) op() timak.Op {
	switch s.kind {
	case dropEntry:
		return timak.RemoveEntry(s.id, s.source).WithVersion(s.version)
	case dropItem:
		return timak.Remove(s.id).WithVersion(s.version)
	case dropSource:
		return timak.RemoveSource(s.source).WithVersion(s.version)
	default:
		return timak.Put(s.item()).WithVersion(s.version)
	}
}

func (s step) item() timak.Item {
	return timak.Item{ID: s.id, At: at(s.date), Data: []byte(s.data), Source: s.source}
}

// touches reports whether the step changes an entry.
func (s step) touches(e entry) bool {
	return (s.kind == dropSource || s.id == e.id) && (s.kind == dropItem || s.source == e.source)
}

func (s step) String() string {
	switch s.kind {
	case dropEntry:
		return fmt.Sprintf("remove entry (%s, %q) v%d", s.id, s.source, s.version)
	case dropItem:
		return fmt.Sprintf("remove %s v%d", s.id, s.version)
	case dropSource:
		return fmt.Sprintf("remove source %q v%d", s.source, s.version)
	default:
		return fmt.Sprintf("put (%s, %q) at %d, data %q, v%d", s.id, s.source, s.date, s.data, s.version)
	}
}

func ops(steps []step) []timak.Op {
	out := make([]timak.Op, len(steps))
	for i, s := range steps {
		out[i] = s.op()
	}
	return out
}

// Histories use few names, dates and versions, so that they collide. A generator
// must not be shared by parallel tests, so each test makes its own.

func someIDs() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{"1", "2", "3", "4", "10"})
}

func someSources() *rapid.Generator[string] { return rapid.SampledFrom([]string{"", "p", "q"}) }

func someDates() *rapid.Generator[int64] { return rapid.Int64Range(1, 9) }

func someKinds() *rapid.Generator[kind] {
	return rapid.SampledFrom([]kind{putItem, putItem, putItem, putItem, dropEntry, dropItem, dropSource})
}

func orders() *rapid.Generator[timak.Order] {
	return rapid.SampledFrom([]timak.Order{timak.NewestFirst, timak.OldestFirst})
}

// steps draws changes with explicit versions up to max, or without if max is 0.
func steps(max int64) *rapid.Generator[step] {
	return rapid.Custom(func(t *rapid.T) step {
		s := step{kind: someKinds().Draw(t, "kind")}
		if s.kind != dropSource {
			s.id = someIDs().Draw(t, "id")
		}
		if s.kind != dropItem {
			s.source = someSources().Draw(t, "source")
		}
		if s.kind == dropSource && s.source == "" {
			s.source = "p"
		}
		if s.kind == putItem {
			s.date, s.data = someDates().Draw(t, "date"), rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "data")
		}
		if max > 0 {
			s.version = rapid.Int64Range(1, max).Draw(t, "version")
		}
		return s
	})
}

// somePuts draws puts in which no version repeats and each item has one date, so
// nothing is re-dated.
func somePuts() *rapid.Generator[[]step] {
	return rapid.Custom(func(t *rapid.T) []step {
		dates := rapid.SliceOfN(someDates(), 12, 12).Draw(t, "dates")
		puts := make([]step, rapid.IntRange(1, 20).Draw(t, "puts"))
		for i := range puts {
			n := rapid.IntRange(0, 11).Draw(t, "id")
			puts[i] = step{
				id: fmt.Sprint(n), source: someSources().Draw(t, "source"), date: dates[n],
				data: fmt.Sprint("put ", i), version: int64(i + 1),
			}
		}
		return puts
	})
}

// options draws an order and a capacity that histories exceed.
func options() *rapid.Generator[timak.Options] {
	return rapid.Custom(func(t *rapid.T) timak.Options {
		return timak.Options{
			Order:        orders().Draw(t, "order"),
			MaxItems:     rapid.SampledFrom([]int{1, 2, 3, 100}).Draw(t, "capacity"),
			Uncompressed: rapid.Bool().Draw(t, "uncompressed"),
		}
	})
}
