package audit

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// A suspect is guilty if three looks agree, in this order:
//
//  1. at the timeline, which gives the version of the entry;
//  2. at the row and the outbox, in one statement: the entry does not agree with the
//     row, and the outbox holds no change of it;
//  3. at the timeline again: the entry still does not agree with the row, and has the
//     same version.
//
// Every change committed before the second look had left the outbox by then, so it
// had reached the timeline by the third. No change committed after the second look
// had: it would have raised the version, as every change of an entry does, even one
// that changes it back. So the third look shows the result of the commits before the
// second, and that is wrong. Two equal looks at the row around one at the timeline
// would not be enough: in between the row may have been changed and changed back, and
// both changes relayed.

// judgeWait is the wait after a suspect was judged for the first time, and each further
// wait is twice the one before.
const judgeWait = 10 * time.Millisecond

// usualLooks is how often a run looks at a difference that is in doubt: for 2.6 s, as a
// relay of another process looks at the outbox once a second.
const usualLooks = 9

// looksKey is the key by which tests in which nobody is going to settle anything set
// fewer looks.
type looksKey struct{}

func looksOf(ctx context.Context) int {
	if looks, set := ctx.Value(looksKey{}).(int); set {
		return looks
	}
	return usualLooks
}

// judge returns the guilty suspects, with what was last seen of them. Those that are
// still in doubt in the end are unsettled, and returned too. look is the first look
// at the timeline.
func (a *Audit) judge(ctx context.Context, c contents, look timak.Entries, suspects []*suspect) ([]*suspect, error) {
	var guilty []*suspect
	doubted, looks := suspects, looksOf(ctx)
	for n := 0; len(doubted) > 0; n++ {
		if n > 0 {
			a.relay.Wake()
			if a.relay.Rest(ctx, judgeWait<<(n-1), nil); ctx.Err() != nil {
				return nil, ctx.Err()
			}
		}
		found, doubtful, after, err := a.judgeOnce(ctx, c, look, doubted, suspects)
		if err != nil {
			return nil, err
		}
		guilty = append(guilty, found...)
		if n+1 == looks {
			for _, s := range doubtful {
				s.unsettled = true
			}
			return append(guilty, doubtful...), nil
		}
		doubted, look = doubtful, after
	}
	return guilty, nil
}

// judgeOnce judges the doubted ones of the suspects. It returns the guilty ones, those
// still in doubt, and its look at the timeline.
func (a *Audit) judgeOnce(ctx context.Context, c contents, look timak.Entries, doubted, suspects []*suspect) (guilty, doubtful []*suspect, after timak.Entries, err error) {
	refill := c.refill
	if c, err = a.contentsOf(ctx, c.key); err != nil { // what it subscribes to may change
		return nil, nil, after, err
	}
	c.refill = refill
	waiting, err := a.lookAtRows(ctx, c, doubted)
	if err != nil {
		return nil, nil, after, err
	}
	if after, _, err = a.entries(ctx, c.key); err != nil {
		return nil, nil, after, err
	}
	room := a.room(c, after, suspects)
	for _, s := range doubted {
		before, beforeLive := look.Find(s.at.ID, s.at.Source)
		entry, live := after.Find(s.at.ID, s.at.Source)
		s.version, s.got = after.Version(s.at.ID, s.at.Source), nil
		if live {
			s.got = &entry
		}
		same := s.version == look.Version(s.at.ID, s.at.Source) && live == beforeLive && entry.Version == before.Version
		s.kind = kindOfDifference(s.want, s.got)
		switch {
		case waiting[s] || !same:
			doubtful = append(doubtful, s)
		case s.kind == Extra && s.table != nil:
			s.table, s.row, s.pk = nil, "", "" // the row has left the place, but the entry may be another row's
			doubtful = append(doubtful, s)
		case s.kind == 0, s.kind == Missing && (!room.has(*s.want) || !c.refill && after.Lacks(s.want.Place())):
		default:
			guilty = append(guilty, s)
		}
	}
	return guilty, doubtful, after, nil
}

// entries reads the readable entries of a timeline; damaged says that there are others.
// A timeline whose key is empty or too long to be written has none.
func (a *Audit) entries(ctx context.Context, key string) (entries timak.Entries, damaged bool, err error) {
	entries, err = a.timelines.Entries(ctx, key)
	switch {
	case errors.Is(err, timak.ErrCorrupt):
		return entries, true, nil
	case errors.Is(err, timak.ErrKey):
		return entries, false, nil
	default:
		return entries, false, err
	}
}

// room tells whether a timeline has room for an item. Items in doubt take up none.
type room struct {
	order    timak.Order
	capacity int
	items    []timak.Item // in order
}

// room returns the room of a timeline with these entries.
func (a *Audit) room(c contents, entries timak.Entries, suspects []*suspect) room {
	r := room{order: a.timelines.Order(), capacity: c.least}
	doubted := map[string]bool{}
	for _, s := range suspects {
		doubted[s.at.ID] = true
	}
	latest := map[string]timak.Entry{} // by id, the entry that decides where the item is
	for _, entry := range entries.Live() {
		if known, found := latest[entry.ID]; !found || entry.Version > known.Version || entry.Version == known.Version && entry.At.After(known.At) {
			latest[entry.ID] = entry
		}
	}
	for id, entry := range latest {
		if !doubted[id] {
			r.items = append(r.items, entry.Item)
		}
	}
	slices.SortFunc(r.items, func(a, b timak.Item) int {
		if r.order.Before(a, b) {
			return -1
		}
		return 1 // ids differ
	})
	return r
}

// has reports whether the item fits.
func (r room) has(item timak.Item) bool {
	return sort.Search(len(r.items), func(n int) bool { return !r.order.Before(r.items[n], item) }) < r.capacity
}

// lookAtRows reads the current rows of suspects, and returns the suspects of which the
// outbox holds a change.
func (a *Audit) lookAtRows(ctx context.Context, c contents, suspects []*suspect) (waiting map[*suspect]bool, err error) {
	waiting = map[*suspect]bool{}
	var probes []outbox.Probe
	var scans []scan
	for _, s := range suspects {
		s.want = nil
		asked, scanned := c.whereToLook(s)
		for i, one := range asked {
			asked[i].Seen = func(saw outbox.Probed) {
				waiting[s] = waiting[s] || saw.Pending
				places, _ := c.places(one.Table, saw.Image)
				s.learn(one.Table, one.Key, saw.PK, places)
			}
		}
		probes, scans = append(probes, asked...), append(scans, scanned...)
	}
	o, err := a.relay.Outbox()
	if err != nil {
		return nil, err
	}
	if err := o.Probe(ctx, probes); err != nil {
		return nil, err
	}
	if err := a.scan(ctx, c, scans, waiting); err != nil {
		return nil, err
	}
	return waiting, a.changing(ctx, c, suspects, waiting)
}

// learn notes the item that a row puts at the suspect's place.
func (s *suspect) learn(t *dialect.Table, key, pk string, places []model.Placement) {
	if s.row == key {
		s.pk = pk
	}
	for _, at := range places {
		if at.Place() == s.at {
			s.want, s.table, s.row, s.pk, s.audience = &at.Item, t, key, pk, at.Audience
		}
	}
}

// whereToLook returns how to find the rows that may put something at the suspect's
// place: by primary key if the item's id has it, and else by a scan.
func (c contents) whereToLook(s *suspect) (probes []outbox.Probe, scans []scan) {
	if s.table != nil {
		return []outbox.Probe{{Table: s.table, Key: s.row}}, nil
	}
	for _, part := range c.parts {
		t := part.table
		for _, one := range part.conditions {
			r := one.rule
			source, sourceArgs, ok := t.Matching(r.Source, s.at.Source)
			if !ok || part.sources != nil && one.source != s.at.Source {
				continue
			}
			if r.ID.Columns == nil {
				if key, ok := keyOfItem(t, s.at.ID); ok {
					probes = append(probes, outbox.Probe{Table: t, Key: key})
				}
				continue
			}
			if id, idArgs, ok := t.Matching(r.ID, s.at.ID); ok {
				where := strings.Join([]string{one.where, source, id}, " AND ")
				scans = append(scans, scan{s, t, where, slices.Concat(one.args, sourceArgs, idArgs)})
			}
		}
	}
	return probes, scans
}

// keyOfItem returns the primary key in an item's id, as a JSON object, and false for an
// id of another table.
func keyOfItem(t *dialect.Table, id string) (string, bool) {
	texts, ok := model.KeyTexts(t.Model.Schema, id)
	if !ok {
		return "", false
	}
	key := model.RowKey{}
	for i, field := range t.Model.Keys {
		if !t.MayHold(field, texts[i]) {
			return "", false
		}
		key[field.DBName] = texts[i]
		if model.Whole(field) {
			key[field.DBName] = json.Number(texts[i])
		}
	}
	text, err := model.JSON(key)
	return string(text), err == nil
}
