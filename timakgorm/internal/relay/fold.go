package relay

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm/internal/audience"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// rowFold is the combined effect of the changes of one row in a batch: it fills the
// places of the last image, and clears every other place in which one of their images
// has put the row. Images in between count, as an earlier try that failed may have
// brought them to the timelines.
type rowFold struct {
	table   *dialect.Table
	changes []outbox.RowChange // oldest first
	images  []imagePair        // of the changes; nil after expand
	ops     []timelineOp
	err     error // why the last image, or a part of it, can never be applied

	// unplaceable says that err comes from the rules, for the row as it is now.
	unplaceable bool

	// outdated says that the last image lacks a column that a rule names, so the row
	// must be recorded anew. unknown is a column of an image that no rule names; empty
	// if there is none.
	outdated bool
	unknown  string

	least int64 // the lowest version that the row may get if it is recorded anew

	subscriptions []model.Subscribed // in one of the images

	// claim is the version with which the changes are claimed, or 0; settled says that the
	// subscriptions are done, elsewhere that another relay has claimed the changes.
	claim              int64
	settled, elsewhere bool

	// marks are how far the ops for audiences have come. skipped are the timelines that
	// have been passed over, skippedNow those of this batch; onlySkipped says that there
	// are no others any more.
	marks               map[fanID]audience.Mark
	skipped, skippedNow []skipped
	onlySkipped         bool

	// unfinished says that there is more to do after this batch, repeat that the next one
	// does the same once more.
	unfinished, repeat bool
}

// timelineOp is an op for one timeline, or for all that subscribe to the source of its
// item in an audience.
type timelineOp struct {
	key string
	fan fanID // zero: for one timeline
	op  timak.Op
	put bool
	max int
}

// last returns the latest change.
func (f *rowFold) last() outbox.RowChange { return f.changes[len(f.changes)-1] }

// ids returns the ids of the changes.
func (f *rowFold) ids() []int64 { return outbox.IDsOf(f.changes) }

// fold groups changes by row, in the order of their first ones. A change whose images
// cannot be read gets a fold of its own, so that the others of its row do not fail
// with it.
func (r *Relay) fold(changes []outbox.RowChange) []*rowFold {
	type row struct{ table, pk string }
	index := map[row]*rowFold{}
	var folds []*rowFold
	for _, change := range changes {
		at := row{table: change.Table, pk: change.PK}
		f := index[at]
		if f == nil {
			f = &rowFold{table: r.tables.Of(change.Table)}
			index[at] = f
			folds = append(folds, f)
		}
		f.changes = append(f.changes, change)
	}
	readable := make([]*rowFold, 0, len(folds))
	for _, f := range folds {
		readable = append(readable, f.read()...)
		f.resume()
		if len(f.changes) > 0 {
			f.expand()
			readable = append(readable, f)
		}
	}
	return readable
}

// read sorts the changes by version and reads their images. It returns those that
// cannot be read, and keeps the others.
func (f *rowFold) read() (bad []*rowFold) {
	slices.SortFunc(f.changes, func(a, b outbox.RowChange) int {
		return cmp.Or(cmp.Compare(a.Version, b.Version), cmp.Compare(a.ID, b.ID))
	})
	kept := make([]outbox.RowChange, 0, len(f.changes))
	for _, change := range f.changes {
		images, err := f.imagesOf(change)
		if err != nil {
			bad = append(bad, &rowFold{table: f.table, changes: []outbox.RowChange{change}, err: err})
			continue
		}
		kept = append(kept, change)
		f.images = append(f.images, images)
	}
	f.changes = kept
	return bad
}

// resume leaves out the changes that came after those of which a part is done: they wait.
func (f *rowFold) resume() {
	begun := progressOf(f.changes).IDs
	if len(begun) == 0 || len(begun) == len(f.changes) {
		return
	}
	changes, images := f.changes, f.images
	f.changes, f.images = nil, nil
	for n, change := range changes {
		if slices.Contains(begun, change.ID) {
			f.changes, f.images = append(f.changes, change), append(f.images, images[n])
		}
	}
}

// expand turns the changes into ops. A change removes with its version and puts with
// the next one. So if two rows trade places in one statement, neither removes what
// the other has put. A place that the row left in an earlier change is cleared with
// the version of that change, as another row may have taken it since.
func (f *rowFold) expand() {
	defer func() {
		if r := recover(); r != nil {
			f.ops, f.err = nil, model.RulePanic(r)
		}
		f.unplaceable = f.err != nil
	}()
	puts, outdated, err := f.table.Model.Placements(f.images[len(f.images)-1].new)
	f.outdated, f.err = outdated, err
	was := f.history()
	f.err = errors.Join(f.err, f.subscribe())
	f.images = nil
	settled := map[model.Place]bool{}
	for _, p := range puts {
		settled[p.Place()] = true
		if was.elsewhere(p) {
			f.clear(p, f.last().Version)
		}
		f.ops = append(f.ops, timelineOp{p.Key, fanOf(p), timak.Put(p.Item).WithVersion(f.last().Version + 1), true, p.Max})
	}
	for _, past := range was.placed {
		if at := past.Place(); !settled[at] {
			settled[at] = true
			f.clear(past.Placement, past.version)
		}
	}
}

// clear adds an op that removes what was put at a place.
func (f *rowFold) clear(p model.Placement, version int64) {
	f.ops = append(f.ops, timelineOp{p.Key, fanOf(p), timak.RemoveEntry(p.Item.ID, p.Item.Source).WithVersion(version), false, p.Max})
}

// history is where a row was before the last of its changes, latest first.
type history struct {
	placed []past

	// unknown says that an old image is incomplete: the row may have been anywhere.
	unknown bool
}

// past is an item that the row had, and the version that removes it.
type past struct {
	model.Placement

	version int64
}

// history returns the history in the images. A rule that fails on an image has put
// nothing.
func (f *rowFold) history() (h history) {
	for n, change := range slices.Backward(f.changes) {
		if n < len(f.images)-1 {
			// The change by which the row left the places of this image may have been
			// applied long ago. The version of the put is enough to undo it.
			h.add(f.table.Model, f.images[n].new, change.Version+1)
		}
		if h.add(f.table.Model, f.images[n].old, change.Version) {
			h.unknown = true
		}
	}
	return h
}

// add notes where an image put the row, and reports whether the image lacks a column
// that a rule names.
func (h *history) add(m *model.Model, i model.Image, version int64) (outdated bool) {
	placed, outdated, _ := m.Placements(i)
	for _, p := range placed {
		h.placed = append(h.placed, past{p, version})
	}
	return outdated
}

// elsewhere reports whether the item had, or may have had, another date in the same
// place. Then a removal comes before its put: the timeline may not have seen the
// older change yet, and if the item now falls off the end, only a tombstone keeps
// that change out when it comes late. With the same date the older item would fall off
// as well. An item that was nowhere before has nothing to keep out, and leaves no
// tombstone when it falls off.
func (h *history) elsewhere(p model.Placement) bool {
	return h.unknown || slices.ContainsFunc(h.placed, func(was past) bool {
		return was.Place() == p.Place() && !was.Item.At.Equal(p.Item.At)
	})
}

// imagePair is the images of a row before and after a change.
type imagePair struct{ old, new model.Image }

// imagesOf reads the images of a change.
func (f *rowFold) imagesOf(change outbox.RowChange) (images imagePair, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("reading an image panics: %v", r)
		}
	}()
	if change.Old != nil && *change.Old == outbox.UnknownImage {
		images.old = model.Image{}
	} else if images.old, err = f.image(change.Old); err != nil {
		return images, err
	}
	images.new, err = f.image(change.New)
	return images, err
}

func (f *rowFold) image(text *string) (model.Image, error) {
	i, err := model.ParseImage(text)
	if err != nil || i == nil {
		return nil, err
	}
	if f.unknown == "" {
		f.unknown = f.table.Model.UnknownColumn(i)
	}
	return i, f.table.Model.CheckKey(i)
}
