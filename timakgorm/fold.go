package timakgorm

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/timak-go/timak/timak"
)

// rowChange is a row of the outbox.
type rowChange struct {
	id       int64
	version  int64
	table    string
	pk       string
	old, new *string // images
	attempts int
}

// size returns about how many bytes the change takes.
func (c rowChange) size() int {
	n := len(c.table) + len(c.pk)
	for _, image := range []*string{c.old, c.new} {
		if image != nil {
			n += len(*image)
		}
	}
	return n
}

// rowFold is what the waiting changes of one row come to: every place that one
// of their images put the row in is cleared but for those of the last, which
// are filled. Images in between count, as they may have reached the timelines
// before, in a try that failed.
type rowFold struct {
	table   *table
	changes []rowChange // oldest first
	ops     []timelineOp
	err     error // why the last image, or a part of it, can never be applied

	// outdated says that the last image lacks a column which a rule names by
	// now, so that the row is to be recorded anew.
	outdated bool
}

// timelineOp is an op for one timeline.
type timelineOp struct {
	key string
	op  timak.Op
	put bool
	max int
}

// last returns the latest change.
func (f *rowFold) last() rowChange { return f.changes[len(f.changes)-1] }

// ids returns the outbox rows.
func (f *rowFold) ids() []int64 {
	ids := make([]int64, len(f.changes))
	for i, change := range f.changes {
		ids[i] = change.id
	}
	return ids
}

// fold brings the changes of each row together, in the order of their first.
func (p *Plugin) fold(changes []rowChange) []*rowFold {
	type row struct{ table, pk string }
	index := map[row]*rowFold{}
	var folds []*rowFold
	for _, change := range changes {
		at := row{change.table, change.pk}
		f := index[at]
		if f == nil {
			f = &rowFold{table: p.tables[change.table]}
			index[at] = f
			folds = append(folds, f)
		}
		f.changes = append(f.changes, change)
	}
	for _, f := range folds {
		slices.SortFunc(f.changes, func(a, b rowChange) int {
			return cmp.Or(cmp.Compare(a.version, b.version), cmp.Compare(a.id, b.id))
		})
		f.expand()
	}
	return folds
}

// expand turns the changes into ops. A change removes with its version and
// puts with the next, so that of two rows which trade places in one statement
// neither removes what the other has put. A place that the row left in an
// earlier change is cleared with that one's version: another row may have taken
// it since.
func (f *rowFold) expand() {
	defer func() {
		if r := recover(); r != nil {
			f.ops, f.err = nil, fmt.Errorf("a rule panics: %v", r)
		}
	}()
	images, err := f.images()
	if err != nil {
		f.err = err
		return
	}
	puts, outdated, err := f.table.model.placements(images[len(images)-1].new)
	f.outdated, f.err = outdated, err
	settled := map[place]bool{}
	for _, p := range puts {
		settled[p.place()] = true
		f.ops = append(f.ops, timelineOp{p.key, timak.Put(p.item).WithVersion(f.last().version + 1), true, p.max})
	}
	for n, change := range slices.Backward(f.changes) {
		// The change by which the row left a place that this one put it in may
		// not be at hand, applied long ago. The version of the put is enough to
		// undo it.
		f.clear(images[n].new, change.version+1, settled)
		f.clear(images[n].old, change.version, settled)
	}
}

// clear removes what an image put, but for the settled places, and settles it.
// A rule that fails on the image has put nothing.
func (f *rowFold) clear(i image, version int64, settled map[place]bool) {
	removed, _, _ := f.table.model.placements(i)
	for _, p := range removed {
		if at := p.place(); !settled[at] {
			settled[at] = true
			f.ops = append(f.ops, timelineOp{p.key, timak.RemoveEntry(at.id, at.source).WithVersion(version), false, p.max})
		}
	}
}

// imagePair is what a row was before and after a change.
type imagePair struct{ old, new image }

// images reads the images of the changes.
func (f *rowFold) images() ([]imagePair, error) {
	pairs := make([]imagePair, len(f.changes))
	for n, change := range f.changes {
		var oldErr, newErr error
		pairs[n].old, oldErr = f.image(change.old)
		pairs[n].new, newErr = f.image(change.new)
		if err := cmp.Or(oldErr, newErr); err != nil {
			return nil, err
		}
	}
	return pairs, nil
}

func (f *rowFold) image(text *string) (image, error) {
	i, err := parseImage(text)
	if err != nil || i == nil {
		return nil, err
	}
	return i, f.table.model.checkKey(i)
}
