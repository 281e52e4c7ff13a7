package outbox

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
)

const changeColumns = "o.id, o.version, o.tbl, o.pk, o.old, o.new, o.attempts, o.progress, o.claim"

const (
	// PageSize is how many rows of the outbox one query reads at most.
	PageSize = 5000
	// batchBytes is how many bytes of changes fill a batch.
	batchBytes = 64 << 20
)

// Found are changes that a relay is to apply now.
type Found struct {
	Changes []RowChange
	More    bool // there may be more
	Whole   bool // the look began at the first change of the outbox
	Hasty   bool // the look was not as deep as is sure: see Swept.Until
}

// Due returns the oldest changes of a selection whose time has come, at most limit.
// Changes of which a part is done are at most half of them, so that they do not hold up
// those that come after them. It adds earlier changes of the same rows that were left out
// or put off, as the changes of a row must be tried in order.
func (o *Outbox) Due(ctx context.Context, limit int, which Selection) (found Found, err error) {
	if which.Shards != nil && len(which.Shards) == 0 {
		return Found{Whole: true}, nil
	}
	l := o.newLook(which)
	size, out, next := 0, int64(math.MaxInt64), outboxPart{more: true}
	begun, changes, place := 0, []RowChange(nil), l.span
	for next.more && len(changes) < limit && size < batchBytes {
		l.fresh = begun > (limit+1)/2
		if next, err = o.page(ctx, l, place, min(limit, PageSize)); err != nil {
			return Found{}, err
		}
		l.met(next)
		place = span{after: max(place.after, next.last)}
		out = min(out, next.leftOut)
		for _, change := range next.changes {
			if change.Progress != nil {
				if begun++; begun > (limit+1)/2 {
					out = min(out, change.ID)
					continue
				}
			}
			size += change.size()
			changes = append(changes, change)
		}
	}
	o.Swept.learn(l)
	found = Found{More: next.more || len(changes) > limit || begun > (limit+1)/2, Whole: l.depth == whole, Hasty: l.depth == seen}
	found.Changes = changes[:min(limit, len(changes))]
	if n := len(found.Changes); n > 0 && out < found.Changes[n-1].ID {
		found.Changes, err = o.ofRows(ctx, IDsOf(found.Changes), l.from(out))
	}
	return found, err
}

// outboxPart is the part of a selection that is on one page of the outbox.
type outboxPart struct {
	changes []RowChange // whose time has come
	leftOut int64       // the id of the first change of the page that is not among these
	last    int64       // the last id of the page
	more    bool        // another page may follow
	rows    int64       // how many are on the page

	// For Swept; see learned.
	ids []int64
	snapshot
}

// page returns the part of a selection that is among the changes in a span, those of its
// ids and the next limit behind its end. The query reads rows in the order of their ids and
// filters them one by one: any other plan would be slow in an outbox that was empty a moment
// ago and holds a million rows now.
func (o *Outbox) page(ctx context.Context, l *look, place span, limit int) (outboxPart, error) {
	among, amongArgs := o.among(l.which)
	due, off := "run_at <= ?", "run_at > ?"
	if l.fresh {
		due, off = due+" AND progress IS NULL", "("+off+" OR progress IS NOT NULL)"
	}
	rows, rowsArgs := place.rows(" ORDER BY id LIMIT ?", limit)
	learned, learnedArgs := l.learned()
	changes, err := o.read(ctx, `WITH page AS MATERIALIZED (SELECT * FROM `+rows+` p)
		SELECT `+changeColumns+` FROM page o WHERE `+among+` AND `+due+`
		UNION ALL SELECT coalesce(max(id), 0), coalesce(min(CASE WHEN `+off+` AND `+among+` THEN id END), ?), '', '', `+learned+`,
			count(CASE WHEN id > ? THEN 1 END), NULL, count(*) FROM page`,
		slices.Concat(rowsArgs, amongArgs, []any{l.until, l.until}, amongArgs, []any{int64(math.MaxInt64)}, learnedArgs, []any{place.after})...)
	if err != nil {
		return outboxPart{}, err
	}
	// The last row is not a change: it describes the page.
	rest := changes[len(changes)-1]
	changes = changes[:len(changes)-1]
	slices.SortFunc(changes, func(a, b RowChange) int { return cmp.Compare(a.ID, b.ID) })
	part := outboxPart{changes: changes, leftOut: rest.Version, last: rest.ID, more: rest.Attempts == limit, rows: *rest.Claim}
	return part, part.learn(rest.Old, rest.New)
}

// OfRows returns the changes with these ids, and the other changes of the same rows
// between the id from and the last of these ids. No index finds the changes of a
// row, so from bounds the search. Older changes that it misses have no effect when
// they come later, as each change also tells the timelines what it has ended.
func (o *Outbox) OfRows(ctx context.Context, ids []int64, from int64) ([]RowChange, error) {
	first := slices.Min(ids)
	if known := o.Swept.surely(); known.after < first {
		return o.ofRows(ctx, ids, known.from(min(from, first)))
	}
	return o.ofRows(ctx, ids, span{after: min(from, first) - 1})
}

// ofRows returns the changes with these ids, which are in a span, and the others of the
// same rows in it up to the last of these ids.
func (o *Outbox) ofRows(ctx context.Context, ids []int64, place span) ([]RowChange, error) {
	list, err := model.JSON(ids)
	if err != nil {
		return nil, err
	}
	among, args := o.among(Selection{})
	last := slices.Max(ids)
	rows, rowArgs := place.upTo(last).rows(" AND id <= ?", last)
	return o.read(ctx, "SELECT "+changeColumns+" FROM "+rows+` o
		WHERE ((tbl, pk) IN (SELECT r.tbl, r.pk FROM timak_outbox r WHERE `+o.isOneOf("r.id")+")) IS TRUE AND "+among+" ORDER BY id",
		slices.Concat(rowArgs, []any{string(list)}, args)...)
}

func (o *Outbox) read(ctx context.Context, query string, args ...any) (changes []RowChange, err error) {
	changes = make([]RowChange, 0, 64)
	err = dialect.EachRow(ctx, o.DB, o.dialect.Bind(query), args, func(found *sql.Rows) error {
		var c RowChange
		err := found.Scan(&c.ID, &c.Version, &c.Table, &c.PK, &c.Old, &c.New, &c.Attempts, &c.Progress, &c.Claim)
		changes = append(changes, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("timakgorm: read outbox: %w", err)
	}
	return changes, nil
}

// Waiting returns the id of the first change of a selection, 0 if there is none, and
// the number of its changes.
func (o *Outbox) Waiting(ctx context.Context, which Selection) (first, count int64, err error) {
	among, args := o.among(which)
	err = o.DB.QueryRowContext(ctx, o.dialect.Bind("SELECT coalesce(min(id), 0), count(*) FROM timak_outbox WHERE "+among), args...).
		Scan(&first, &count)
	if err != nil {
		err = fmt.Errorf("timakgorm: read outbox: %w", err)
	}
	return first, count, err
}
