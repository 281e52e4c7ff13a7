package drivertest

import (
	"context"
	"errors"
	"testing"

	"github.com/timak-go/timak/timak/driver"
)

// Marking is a store that tells what it has lost.
type Marking interface {
	driver.Store
	driver.Marker
}

// A Losing store loses data on demand. Each test has one of its own, with contents of
// its own.
type Losing struct {
	// Store is the store under test.
	Store Marking

	// Keep makes safe what the store has acknowledged so far.
	Keep func()

	// Lose makes the store lose what it has acknowledged since Keep, or everything
	// if Keep was not called. The store then works again.
	Lose func()
}

// RunMarker runs every test of driver.Marker as a parallel subtest of t. open returns
// a new store for one subtest, which closes it. open may call t.Skip when the store's
// server is not available.
func RunMarker(t *testing.T, open func(t *testing.T) Losing) {
	for _, tt := range []struct {
		name string
		run  func(m marking)
	}{
		{"MarksAreKept", marksAreKept},
		{"ForgottenMark", forgottenMark},
		{"UnknownMark", unknownMark},
		{"NamesAreApart", namesAreApart},
		{"LostPut", lostPut},
		{"LostEverything", lostEverything},
		{"LostMarkAlone", lostMarkAlone},
		{"LossIsToldAgain", lossIsToldAgain},
		{"TokenFromBeforeTheLoss", tokenFromBeforeTheLoss},
		{"EndedContext", markEndedContext},
		{"ClosedStore", markClosedStore},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			losing := open(t)
			tt.run(marking{newSubject(t, losing.Store), losing})
		})
	}
}

// marking is the subject of a test of marks.
type marking struct {
	subject

	losing Losing
}

// mark sets a mark under a name, and checks whether last is kept.
func (m marking) mark(name, last string, want bool) string {
	m.t.Helper()
	mark, kept, err := m.losing.Store.Mark(m.t.Context(), name, last)
	if err != nil {
		m.t.Fatalf("Mark(%q, %q): %v", name, last, err)
	}
	if kept != want {
		m.t.Fatalf("Mark(%q, %q): got kept %v, want %v", name, last, kept, want)
	}
	if (mark != "") != want {
		m.t.Fatalf("Mark(%q, %q): got mark %q with kept %v", name, last, mark, kept)
	}
	return mark
}

func marksAreKept(m marking) {
	mark := m.mark("relay", "", true)
	for range 5 {
		m.put("one", m.get().Token)
		next := m.mark("relay", mark, true)
		if next == mark {
			m.t.Fatalf("got mark %q twice", mark)
		}
		mark = next
	}
	m.want("one")
}

// A mark that its caller could not remember does no harm: the one before is good.
func forgottenMark(m marking) {
	last := m.mark("relay", "", true)
	for range 3 {
		m.mark("relay", last, true)
	}
	last = m.mark("relay", last, true)
	m.mark("relay", last, true)
}

func unknownMark(m marking) {
	m.mark("relay", "of another store", false)
	first := m.mark("relay", "", true)
	second := m.mark("relay", first, true)
	m.mark("relay", "of another store", false)
	third := m.mark("relay", second, true)
	m.mark("relay", first, false) // two marks were set and remembered since
	m.mark("relay", third, true)
}

func namesAreApart(m marking) {
	for _, name := range []string{"a", "b", "", "a/b", "{a}", "a b", "é", "\x00", "%"} {
		mark := m.mark(name, "", true)
		m.mark(name, mark, true)
	}
	a, b := m.mark("a", "", true), m.mark("b", "", true)
	m.mark("a", b, false)
	m.mark("a", a, true)
	m.mark("b", b, true)
}

// A store that has gone back says so to those whose mark is behind what it lost, and
// to no others.
func lostPut(m marking) {
	token := m.put("kept", nil)
	early, late := m.mark("early", "", true), m.mark("late", "", true)
	m.losing.Keep()
	m.put("lost", token)
	late = m.mark("late", late, true)
	m.losing.Lose()
	m.want("kept")
	m.mark("late", late, false)
	m.mark("early", early, true)
}

func lostEverything(m marking) {
	m.put("lost", nil)
	mark := m.mark("relay", "", true)
	m.losing.Lose()
	m.want()
	m.mark("relay", mark, false)
	mark = m.mark("relay", "", true)
	m.mark("relay", mark, true)
}

// A mark that was not remembered may be lost: nothing before the remembered one is.
func lostMarkAlone(m marking) {
	m.put("kept", nil)
	last := m.mark("relay", "", true)
	m.losing.Keep()
	m.mark("relay", last, true)
	m.losing.Lose()
	m.mark("relay", last, true)
	m.want("kept")
}

// A caller that could not remember the loss hears of it until it begins anew.
func lossIsToldAgain(m marking) {
	first := m.mark("relay", "", true)
	m.losing.Keep()
	last := m.mark("relay", first, true)
	m.losing.Lose()
	for range 3 {
		m.mark("relay", last, false)
	}
	m.mark("relay", m.mark("relay", "", true), true)
	m.mark("relay", last, false)
}

// A token from before a loss does not cover what was put after it.
func tokenFromBeforeTheLoss(m marking) {
	m.put("one", nil)
	m.losing.Keep()
	token := m.put("two", m.get().Token)
	if token == nil {
		token = m.get().Token
	}
	m.losing.Lose()
	m.put("of another writer", m.want("one").Token)
	m.put("three", token)
	m.want("of another writer", "three")
}

func markEndedContext(m marking) {
	last := m.mark("relay", "", true)
	ctx, cancel := context.WithCancel(m.t.Context())
	cancel()
	m.soon("Mark", func() {
		_, kept, err := m.losing.Store.Mark(ctx, "relay", last)
		m.wantErr("Mark", err, context.Canceled)
		if kept {
			m.t.Error("Mark with an ended context: got kept")
		}
	})
	m.mark("relay", last, true)
}

func markClosedStore(m marking) {
	m.close()
	_, kept, err := m.losing.Store.Mark(m.t.Context(), "relay", "")
	if !errors.Is(err, driver.ErrClosed) || kept {
		m.t.Errorf("Mark of a closed store: got kept %v, error %v, want driver.ErrClosed", kept, err)
	}
}
