package drivertest

import (
	"context"
	"errors"
	"sync"
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
		{"OldMark", oldMark},
		{"UnknownMark", unknownMark},
		{"ManyCallers", manyCallers},
		{"LostPut", lostPut},
		{"LostPutBehindTheMark", lostPutBehindTheMark},
		{"LostEverything", lostEverything},
		{"LostMarkAlone", lostMarkAlone},
		{"LossIsToldAgain", lossIsToldAgain},
		{"LossAfterLoss", lossAfterLoss},
		{"OvertakenMark", overtakenMark},
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

// mark sets a mark, and checks what is kept of last.
func (m marking) mark(last string, want driver.Kept) string {
	m.t.Helper()
	mark, kept, err := m.losing.Store.Mark(m.t.Context(), last)
	if err != nil {
		m.t.Fatalf("Mark(%q): %v", last, err)
	}
	if kept != want {
		m.t.Fatalf("Mark(%q): got %v, want %v", last, kept, want)
	}
	if mark == "" || mark == last {
		m.t.Fatalf("Mark(%q): got mark %q, want a new one", last, mark)
	}
	return mark
}

func marksAreKept(m marking) {
	mark := m.mark("", driver.KeptBefore)
	for range 5 {
		m.put("one", m.get().Token)
		mark = m.mark(mark, driver.KeptAll)
	}
	m.want("one")
}

// A mark stays good, however many were set since.
func oldMark(m marking) {
	first := m.mark("", driver.KeptBefore)
	last := first
	for range 20 {
		last = m.mark(last, driver.KeptAll)
	}
	m.mark(first, driver.KeptAll)
	m.mark(last, driver.KeptAll)
}

func unknownMark(m marking) {
	for _, unknown := range []string{"of another store", " ", ":", "a:1", "a:x", "a:1 b:2", "\x00", "é"} {
		m.mark(unknown, driver.Lost)
		m.mark(m.mark("", driver.KeptBefore), driver.KeptAll)
		m.mark(unknown, driver.Lost)
	}
}

// Nobody's mark disturbs another's.
func manyCallers(m marking) {
	marks := make([]string, 4)
	for round := range 10 {
		var callers sync.WaitGroup
		for n := range marks {
			callers.Go(func() {
				next, kept, err := m.losing.Store.Mark(m.t.Context(), marks[n])
				if err != nil || kept != driver.KeptAll && round > 0 {
					m.t.Errorf("Mark(%q) among others: got %v, error %v, want KeptAll", marks[n], kept, err)
				}
				marks[n] = next
			})
		}
		callers.Wait()
	}
}

// A store that has gone back says so to those whose mark is behind what it lost.
// Others hear that only what was put before their mark is sure to be there.
func lostPut(m marking) {
	token := m.put("kept", nil)
	early := m.mark("", driver.KeptBefore)
	m.losing.Keep()
	m.put("lost", token)
	late := m.mark(early, driver.KeptAll)
	m.losing.Lose()
	m.want("kept")
	m.mark(late, driver.Lost)
	m.mark(early, driver.KeptBefore)
	m.mark(early, driver.KeptBefore)
}

// A put that is lost before a mark was set behind it is not taken for kept.
func lostPutBehindTheMark(m marking) {
	mark := m.mark("", driver.KeptBefore)
	m.losing.Keep()
	m.put("lost", nil)
	m.losing.Lose()
	m.want()
	next := m.mark(mark, driver.KeptBefore)
	m.put("again", nil)
	m.mark(next, driver.KeptAll)
	m.want("again")
}

func lostEverything(m marking) {
	m.put("lost", nil)
	mark := m.mark("", driver.KeptBefore)
	m.losing.Lose()
	m.want()
	mark = m.mark(mark, driver.Lost)
	m.mark(mark, driver.KeptAll)
}

// A mark that was not remembered may be lost: nothing before the remembered one is.
func lostMarkAlone(m marking) {
	m.put("kept", nil)
	last := m.mark("", driver.KeptBefore)
	m.losing.Keep()
	m.mark(last, driver.KeptAll)
	m.losing.Lose()
	m.mark(last, driver.KeptBefore)
	m.want("kept")
}

// A caller that could not remember the loss hears of it as often as it asks, whatever
// was put and marked since.
func lossIsToldAgain(m marking) {
	first := m.mark("", driver.KeptBefore)
	m.losing.Keep()
	last := m.mark(first, driver.KeptAll)
	m.losing.Lose()
	next := ""
	for range 3 {
		next = m.mark(last, driver.Lost)
		m.put("since", nil)
	}
	m.mark(next, driver.KeptAll)
	m.mark(last, driver.Lost)
}

// Marks from before several losses are told apart, each by what was kept of it.
func lossAfterLoss(m marking) {
	first := m.mark("", driver.KeptBefore)
	m.losing.Keep()
	lost := m.mark(first, driver.KeptAll)
	m.losing.Lose()
	second := m.mark(lost, driver.Lost)
	m.losing.Keep()
	gone := m.mark(second, driver.KeptAll)
	m.losing.Lose()
	m.mark(first, driver.KeptBefore)
	m.mark(lost, driver.Lost)
	m.mark(second, driver.KeptBefore)
	m.mark(gone, driver.Lost)
	m.mark(first, driver.KeptBefore)
}

// A mark that is lost stays so when the store has come as far again.
func overtakenMark(m marking) {
	m.mark("", driver.KeptBefore)
	m.losing.Keep()
	var lost []string
	for range 3 {
		lost = append(lost, m.mark("", driver.KeptBefore))
	}
	m.losing.Lose()
	for range 10 {
		m.mark("", driver.KeptBefore)
	}
	for _, mark := range lost {
		m.mark(mark, driver.Lost)
	}
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
	last := m.mark("", driver.KeptBefore)
	ctx, cancel := context.WithCancel(m.t.Context())
	cancel()
	m.soon("Mark", func() {
		mark, kept, err := m.losing.Store.Mark(ctx, last)
		m.wantErr("Mark", err, context.Canceled)
		if kept != driver.Lost || mark != "" {
			m.t.Errorf("Mark with an ended context: got mark %q, %v", mark, kept)
		}
	})
	m.mark(last, driver.KeptAll)
}

func markClosedStore(m marking) {
	m.close()
	mark, kept, err := m.losing.Store.Mark(m.t.Context(), "")
	if !errors.Is(err, driver.ErrClosed) || kept != driver.Lost || mark != "" {
		m.t.Errorf("Mark of a closed store: got mark %q, %v, error %v, want driver.ErrClosed", mark, kept, err)
	}
}
