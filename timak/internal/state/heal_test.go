package state_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/timak-go/timak/timak/internal/state"
)

// tables are a source of truth with one timeline, of which several writers hold siblings.
// Their clock counts what was drawn; a moment is a number that it has shown.
type tables struct {
	t        *rapid.T
	clock    int64
	rows     map[string]*row
	siblings []state.State
	carried  []carried
	heals    []healing
	limit    int
}

var rowIDs = []string{"a", "b", "c", "d", "e", "f"}

// row is a row of the tables. What is under way has a version, and nobody sees it.
type row struct {
	date, version           int64
	live, under, underLive  bool
	underDate, underVersion int64
	told                    int64 // the version that some sibling has been told
}

// carried is changes that a writer has read, and has not written yet.
type carried struct {
	moment  int64
	changes []state.Entry
}

// healing is what a writer has read to heal the timeline with.
type healing struct {
	from   state.Position
	to     *state.Position
	moment int64
	carried
}

func (w *tables) draw() int64 { w.clock++; return w.clock }

// begin begins a change of a row, and draws its version.
func (w *tables) begin() {
	id := rapid.SampledFrom(rowIDs).Draw(w.t, "row")
	r := w.rows[id]
	if r == nil {
		r = &row{}
		w.rows[id] = r
	}
	if !r.under {
		r.under, r.underVersion = true, w.draw()
		r.underLive, r.underDate = rapid.IntRange(0, 3).Draw(w.t, "live") > 0, rapid.Int64Range(1, 9).Draw(w.t, "date")
	}
}

func (w *tables) commit() {
	for _, id := range rowIDs {
		if r := w.rows[id]; r != nil && r.under && rapid.Bool().Draw(w.t, "commit "+id) {
			r.under, r.version, r.live, r.date = false, r.underVersion, r.underLive, r.underDate
		}
	}
}

// read reads what was committed and is not on its way yet, or is.
func (w *tables) read() {
	c := carried{}
	for _, id := range rowIDs {
		if r := w.rows[id]; r != nil && r.version > 0 {
			c.changes = append(c.changes, state.Entry{ID: id, Version: r.version, Live: r.live, Date: r.date})
		}
	}
	c.moment = w.clock
	w.carried = append(w.carried, c)
}

// readOn reads rows from the floor of a sibling on, and locks them for a version.
func (w *tables) readOn() {
	floor := w.sibling("to heal").Floor()
	if !floor.Set {
		return
	}
	h := healing{from: floor.At, moment: w.draw()}
	var found []state.Entry
	for _, id := range rowIDs {
		r := w.rows[id]
		if r == nil || !r.live {
			continue
		}
		if e := (state.Entry{ID: id, Live: true, Date: r.date}); state.NewestFirst.Compare(e.Position(), h.from) >= 0 {
			found = append(found, e)
		}
	}
	s := state.State{Entries: found}
	s.Sort()
	if some := rapid.IntRange(1, 3).Draw(w.t, "read on"); len(s.Entries) > some {
		next := s.Entries[some].Position()
		s.Entries, h.to = s.Entries[:some], &next
	}
	version := w.draw()
	for _, e := range s.Entries {
		if r := w.rows[e.ID]; !r.under { // else it waits for the lock, and finds what was committed
			e.Version = version
			h.changes = append(h.changes, e)
			continue
		}
		r := w.rows[e.ID]
		r.under, r.version, r.live, r.date = false, r.underVersion, r.underLive, r.underDate
		if r.live {
			h.changes = append(h.changes, state.Entry{ID: e.ID, Live: true, Date: r.date, Version: w.draw()})
		}
	}
	h.carried.moment = w.clock
	w.heals = append(w.heals, h)
}

func (w *tables) sibling(label string) *state.State {
	return &w.siblings[rapid.IntRange(0, len(w.siblings)-1).Draw(w.t, label)]
}

// write writes what a writer has read to a sibling, or to one of its own.
func (w *tables) write(c carried, heal *healing) {
	s := w.sibling("to write")
	if rapid.IntRange(0, 3).Draw(w.t, "apart") == 0 && len(w.siblings) < 3 {
		w.siblings = append(w.siblings, s.Clone())
		s = &w.siblings[len(w.siblings)-1]
	}
	for _, e := range c.changes {
		if e.Live {
			s.PutBefore(e, c.moment)
		} else {
			s.RemoveEntry(e.ID, "", e.Version)
		}
		if r := w.rows[e.ID]; heal == nil {
			r.told = max(r.told, e.Version)
		}
	}
	if heal != nil {
		s.Heal(state.NewestFirst, heal.from, heal.to, heal.moment)
	}
	s.Trim(state.NewestFirst, w.limit)
	s.Fold()
}

func (w *tables) merge() {
	if len(w.siblings) > 1 {
		w.siblings[0].Absorb(w.siblings[len(w.siblings)-1])
		w.siblings = w.siblings[:len(w.siblings)-1]
	}
}

// Whatever writers, heals and siblings do: a row of which some sibling was told is on the
// timeline, or at or after its floor.
func TestNothingIsMissingAboveTheFloor(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := &tables{t: t, rows: map[string]*row{}, siblings: make([]state.State, 1), limit: rapid.IntRange(1, 3).Draw(t, "limit")}
		t.Repeat(map[string]func(*rapid.T){
			"begin":   func(*rapid.T) { w.begin() },
			"commit":  func(*rapid.T) { w.commit() },
			"read":    func(*rapid.T) { w.read() },
			"read on": func(*rapid.T) { w.readOn() },
			"write": func(t *rapid.T) {
				if len(w.carried) > 0 {
					w.write(rapid.SampledFrom(w.carried).Draw(t, "what"), nil)
				}
			},
			"heal": func(t *rapid.T) {
				if len(w.heals) > 0 {
					h := rapid.SampledFrom(w.heals).Draw(t, "with")
					w.write(h.carried, &h)
				}
			},
			"merge": func(*rapid.T) { w.merge() },
			"": func(*rapid.T) {
				all := state.State{}
				for _, s := range w.siblings {
					all.Absorb(s)
				}
				floor := all.Floor()
				for _, id := range rowIDs {
					r := w.rows[id]
					if r == nil || r.version == 0 || r.told < r.version || r.under {
						continue
					}
					e, live := all.Find(id, "")
					at := state.Position{Date: r.date, ID: id}
					below := floor.Set && state.NewestFirst.Compare(at, floor.At) >= 0
					switch {
					case live && !r.live:
						t.Fatalf("row %s %+v shows as %+v in %s", id, *r, e, fmt.Sprintf("%+v", w.siblings))
					case r.live && !live && !below:
						t.Fatalf("row %s %+v is missing above the floor %+v of %s", id, *r, floor, fmt.Sprintf("%+v", w.siblings))
					}
				}
			},
		})
	})
}
