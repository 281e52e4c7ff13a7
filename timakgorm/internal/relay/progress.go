package relay

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/timak-go/timak/timakgorm/internal/audience"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// progress is what the outbox keeps of how far some changes of a row have come. Later
// changes of the row wait until these are done: a row that changes all the time would
// never reach its last timelines otherwise.
type progress struct {
	IDs     []int64   `json:"ids"`
	Settled int64     `json:"settled,omitempty"` // the claim with which its subscriptions were settled
	Marks   []marked  `json:"marks,omitempty"`
	Skipped []skipped `json:"skipped,omitempty"`
	Stale   []string  `json:"stale,omitempty"` // timelines for which a put came too late
}

// marked is how far the ops for an audience have come.
type marked struct {
	Audience string        `json:"a"`
	Source   string        `json:"s"`
	Mark     audience.Mark `json:"m"`
}

// skipped is a timeline that could not be written, and has been passed over.
type skipped struct {
	Audience string `json:"a"`
	Source   string `json:"s"`
	Key      string `json:"k"`
	Max      int    `json:"x,omitempty"`
}

// noProgress is what the outbox keeps with the other changes. It tells that they have
// been tried.
const noProgress = "{}"

// skippedMost is how many timelines of a row are passed over. If it is more, the rest
// waits. staleMost is how many of those for which a put came too late are kept: one is
// enough for the row to be recorded anew at the end.
const (
	skippedMost = 1000
	staleMost   = 10
)

// progressOf reads what the outbox has kept with one of a row's changes, if all the
// changes that it names are there.
func progressOf(changes []outbox.RowChange) (known progress) {
	there := outbox.IDsOf(changes)
	for _, change := range changes {
		known = progress{}
		if change.Progress == nil || json.Unmarshal([]byte(*change.Progress), &known) != nil || len(known.IDs) == 0 {
			continue
		}
		if !slices.ContainsFunc(known.IDs, func(id int64) bool { return !slices.Contains(there, id) }) {
			return known
		}
	}
	return progress{}
}

// readProgress sets what is known of a row whose changes have been tried before.
func (b *batch) readProgress(f *rowFold) {
	f.marks = map[fanID]audience.Mark{}
	known := progressOf(f.changes)
	f.skipped, b.stale[f] = known.Skipped, known.Stale
	for _, m := range known.Marks {
		f.marks[fanID{m.Audience, m.Source}] = m.Mark
	}
	if known.Settled > 0 && f.claimedWith(known.Settled) {
		f.claim, f.settled = known.Settled, true
	}
}

// keepProgress has the outbox keep how far a row's changes have come, if that is new.
func (b *batch) keepProgress(s *outbox.Settlement, f *rowFold) {
	stale := b.stale[f]
	known := progress{IDs: f.ids(), Skipped: f.skipped, Stale: stale[:min(len(stale), staleMost)]}
	if f.settled && b.hindered(f) == nil {
		known.Settled = f.claim
	}
	for id, mark := range f.marks {
		known.Marks = append(known.Marks, marked{id.audience, id.source, mark})
	}
	slices.SortFunc(known.Marks, func(a, b marked) int {
		return cmp.Or(cmp.Compare(a.Audience, b.Audience), cmp.Compare(a.Source, b.Source))
	})
	text, err := model.JSON(known)
	if err != nil { // of numbers and texts
		panic(err)
	}
	for _, change := range f.changes {
		now := noProgress
		if change.ID == f.last().ID {
			now = string(text)
		}
		if change.Progress == nil || *change.Progress != now {
			s.Some = append(s.Some, outbox.Progress{ID: change.ID, Text: now})
		}
	}
}

// addSkipped adds the ops for the timelines that were passed over, if all others have them.
func (f *rowFold) addSkipped(gs *grouping) {
	f.onlySkipped = !slices.ContainsFunc(f.ops, func(op timelineOp) bool { return op.fan != (fanID{}) && !f.marks[op.fan].Done })
	if !f.onlySkipped {
		return
	}
	for _, to := range f.skipped {
		id := fanID{to.Audience, to.Source}
		for _, op := range f.ops {
			if op.fan == id {
				gs.add(to.Key, to.Max, op.op, op.put, id, f)
			}
		}
	}
}

// skip notes a timeline that cannot be written now. If there are only such timelines
// left, its error counts.
func (b *batch) skip(f *rowFold, to skipped, err error) {
	switch {
	case !f.onlySkipped:
		if !slices.Contains(f.skippedNow, to) {
			f.skippedNow = append(f.skippedNow, to)
		}
		b.skips[f] = append(b.skips[f], err)
	default:
		b.hinder(f, err)
	}
}

// pass reports whether a row may go on without the timelines that could not be written.
// It may not in an outage, which concerns them all.
func (b *batch) pass(f *rowFold, outage bool) bool {
	if outage || len(f.skipped)+len(f.skippedNow) > skippedMost {
		b.failed[f] = append(b.failed[f], b.skips[f]...)
		return false
	}
	f.skipped = append(f.skipped, f.skippedNow...)
	f.unfinished = f.unfinished || len(f.skipped) > 0 && !f.onlySkipped
	return true
}
