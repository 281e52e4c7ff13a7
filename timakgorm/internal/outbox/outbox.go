package outbox

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
)

// Outbox is the relay's side of the outbox.
type Outbox struct {
	DB      *sql.DB
	dialect dialect.Dialect
	tables  string // the tracked tables, as a JSON array
}

// Open returns the outbox of some tables.
func Open(db *sql.DB, ts *dialect.Tables) (*Outbox, error) {
	names, err := model.JSON(slices.Sorted(maps.Keys(ts.ByName)))
	return &Outbox{DB: db, dialect: ts.Dialect, tables: string(names)}, err
}

// among is the condition of a selection: of tracked tables, and in its shards.
func (o *Outbox) among(which Selection) (condition string, args []any) {
	condition, args = "tbl IN ("+o.dialect.Names+")", []any{o.tables}
	if which.Shards != nil {
		condition += fmt.Sprintf(" AND hashtext(pk) & %d = ANY (CAST(CAST(? AS text) AS integer[]))", ShardCount-1)
		args = append(args, ArrayText(which.Shards))
	}
	return condition, args
}

const changeColumns = "o.id, o.version, o.tbl, o.pk, o.old, o.new, o.attempts"

// A batch is read in pages of so many rows of the outbox, until it is full or
// holds so many bytes of images.
const (
	PageSize   = 5000
	batchBytes = 64 << 20
)

// Due returns the oldest changes of a selection whose time has come, and whether
// there may be more. With them come those of the same rows that were put off
// before: what a row was is not to be tried after what it became.
func (o *Outbox) Due(ctx context.Context, limit int, which Selection) (changes []RowChange, more bool, err error) {
	if which.Shards != nil && len(which.Shards) == 0 {
		return nil, false, nil
	}
	until := time.Now().UnixMicro()
	if which.Everything {
		until = math.MaxInt64
	}
	size, putOff, next := 0, int64(math.MaxInt64), outboxPart{last: which.After, more: true}
	for next.more && len(changes) < limit && size < batchBytes {
		if next, err = o.page(ctx, next.last, min(limit, PageSize), until, which); err != nil {
			return nil, false, err
		}
		for _, change := range next.changes {
			size += change.size()
		}
		changes = append(changes, next.changes...)
		putOff = min(putOff, next.putOff)
	}
	more = next.more || len(changes) > limit
	changes = changes[:min(limit, len(changes))]
	if n := len(changes); n > 0 && putOff < changes[n-1].ID {
		changes, err = o.OfRows(ctx, IDsOf(changes), putOff)
	}
	return changes, more, err
}

// outboxPart is what a page of the outbox has of a selection.
type outboxPart struct {
	changes []RowChange // whose time has come
	putOff  int64       // the first whose time has not
	last    int64       // of the page
	more    bool        // others may follow
}

// page returns what is of a selection among so many rows of the outbox after
// one. The rows are found by their id and looked at one by one: no other plan of
// the database's would do for an outbox that was empty a moment ago and has a
// million rows now.
func (o *Outbox) page(ctx context.Context, after int64, limit int, until int64, which Selection) (outboxPart, error) {
	among, args := o.among(which)
	args = slices.Concat([]any{after, limit}, args, []any{until, until}, args, []any{int64(math.MaxInt64)})
	changes, err := o.read(ctx, `WITH page AS MATERIALIZED (SELECT * FROM timak_outbox WHERE id > ? ORDER BY id LIMIT ?)
		SELECT `+changeColumns+` FROM page o WHERE `+among+` AND run_at <= ?
		UNION ALL SELECT max(id), coalesce(min(CASE WHEN run_at > ? AND `+among+` THEN id END), ?), '', '', NULL, NULL, count(*)
		FROM page HAVING count(*) > 0`, args...)
	if err != nil || len(changes) == 0 {
		return outboxPart{putOff: math.MaxInt64}, err
	}
	// The last row is no change: it tells of the page.
	rest := changes[len(changes)-1]
	changes = changes[:len(changes)-1]
	slices.SortFunc(changes, func(a, b RowChange) int { return cmp.Compare(a.ID, b.ID) })
	return outboxPart{changes: changes, putOff: rest.Version, last: rest.ID, more: rest.Attempts == limit}, nil
}

// OfRows returns the changes with these ids, and all others of the same rows from
// one on to the last of them. Nothing indexes the rows, so that nobody looks for
// older ones than need be: those that come later stand for nothing, as each
// change tells the timelines also what it has put an end to.
func (o *Outbox) OfRows(ctx context.Context, ids []int64, from int64) ([]RowChange, error) {
	list, err := model.JSON(ids)
	if err != nil {
		return nil, err
	}
	among, args := o.among(Selection{})
	return o.read(ctx, "SELECT "+changeColumns+` FROM timak_outbox o WHERE id BETWEEN ? AND ?
		AND ((tbl, pk) IN (SELECT r.tbl, r.pk FROM timak_outbox r WHERE r.id IN (`+o.dialect.IDs+"))) IS TRUE AND "+among+" ORDER BY id",
		append([]any{min(from, slices.Min(ids)), slices.Max(ids), string(list)}, args...)...)
}

func (o *Outbox) read(ctx context.Context, query string, args ...any) (changes []RowChange, err error) {
	changes = make([]RowChange, 0, 64)
	err = dialect.EachRow(ctx, o.DB, o.dialect.Bind(query), args, func(found *sql.Rows) error {
		var c RowChange
		err := found.Scan(&c.ID, &c.Version, &c.Table, &c.PK, &c.Old, &c.New, &c.Attempts)
		changes = append(changes, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("timakgorm: read outbox: %w", err)
	}
	return changes, nil
}

// Waiting returns the first change of a selection, and how many there are.
func (o *Outbox) Waiting(ctx context.Context, which Selection) (first, count int64, err error) {
	among, args := o.among(which)
	err = o.DB.QueryRowContext(ctx, o.dialect.Bind("SELECT coalesce(min(id), 0), count(*) FROM timak_outbox WHERE "+among), args...).
		Scan(&first, &count)
	if err != nil {
		err = fmt.Errorf("timakgorm: read outbox: %w", err)
	}
	return first, count, err
}

// Settlement is what becomes of the changes of a batch.
type Settlement struct {
	Done []int64 // to be deleted
	Dead []Fate  // to become dead letters
	Late []Fate  // to be tried again at a later time
	high int64   // the highest version among those that leave
}

// Finish has a row's changes leave the outbox, applied.
func (s *Settlement) Finish(changes []RowChange) {
	s.Done = append(s.Done, IDsOf(changes)...)
	s.high = max(s.high, changes[len(changes)-1].Version)
}

// Bury has a row's changes leave the outbox, as dead letters.
func (s *Settlement) Bury(changes []RowChange, reason error) {
	for _, change := range changes {
		s.Dead = append(s.Dead, Fate{ID: change.ID, Error: reason.Error()})
	}
	s.high = max(s.high, changes[len(changes)-1].Version)
}

// Fate is what becomes of one change, and why.
type Fate struct {
	ID       int64  `json:"id"`
	RunAt    int64  `json:"run_at"` // microseconds
	Attempts int    `json:"attempts"`
	Error    string `json:"error"`
}

// empty reports whether there is nothing to write.
func (s Settlement) empty() bool { return len(s.Done)+len(s.Dead)+len(s.Late) == 0 }

// settleChunk is how many changes leave SQLite's outbox in one transaction, for
// which all other writers wait.
const settleChunk = 2000

// Settle carries out a settlement, in a transaction or, on SQLite, some: any
// part of it may be done without the rest.
func (o *Outbox) Settle(ctx context.Context, s Settlement) error {
	if o.dialect.Lock {
		return o.settleAtOnce(ctx, s)
	}
	for done := range slices.Chunk(s.Done, settleChunk) {
		if err := o.settleAtOnce(ctx, Settlement{Done: done, high: s.high}); err != nil {
			return err
		}
	}
	s.Done = nil
	return o.settleAtOnce(ctx, s)
}

// settleAtOnce takes one transaction. Relays that settle at the same time wait
// for each other at the clock, before they touch any change: so no two can wait
// for each other crosswise.
func (o *Outbox) settleAtOnce(ctx context.Context, s Settlement) error {
	if s.empty() {
		return nil
	}
	tx, err := o.DB.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("timakgorm: settle outbox: %w", err)
	}
	if err := o.SettleIn(ctx, tx, s); err != nil {
		return fmt.Errorf("timakgorm: settle outbox: %w", errors.Join(err, tx.Rollback()))
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("timakgorm: settle outbox: %w", err)
	}
	return nil
}

// settleSettings are those of a settlement on Postgres. One that a crash undoes is
// only done once more. All others wait for it at the clock: where its program has
// gone away in its midst, the server is to end it long before it would notice; and
// who waits too long is to say so in the log, and to try again.
const settleSettings = `SELECT set_config('synchronous_commit', 'off', true),
	set_config('lock_timeout', '5s', true), set_config('idle_in_transaction_session_timeout', '10s', true)`

// SettleIn carries out a settlement in a transaction.
func (o *Outbox) SettleIn(ctx context.Context, tx *sql.Tx, s Settlement) error {
	if o.dialect.Lock {
		if _, err := tx.ExecContext(ctx, settleSettings); err != nil {
			return err
		}
	}
	if err := o.raiseClock(ctx, tx, s.high); err != nil {
		return err
	}
	gone := slices.Clone(s.Done)
	for _, f := range s.Dead {
		gone = append(gone, f.ID)
	}
	if err := o.bury(ctx, tx, s.Dead); err != nil {
		return err
	}
	if err := o.forget(ctx, tx, gone); err != nil {
		return err
	}
	return o.putOff(ctx, tx, s.Late)
}

// exec runs a statement written with ?, whose first parameter is a list, if
// that is not empty.
func exec[T any](ctx context.Context, o *Outbox, tx *sql.Tx, list []T, statement string) error {
	if len(list) == 0 {
		return nil
	}
	text, err := model.JSON(list)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, o.dialect.Bind(statement), string(text))
	return err
}

// forget deletes changes.
func (o *Outbox) forget(ctx context.Context, tx *sql.Tx, ids []int64) error {
	return exec(ctx, o, tx, ids, "DELETE FROM timak_outbox WHERE id IN ("+o.dialect.IDs+")")
}

// fates is a FROM item that turns the JSON array in a parameter into rows f.
func (o *Outbox) fates() string {
	if o.dialect.Numbered {
		return "jsonb_to_recordset(CAST(CAST(? AS text) AS jsonb)) AS f(id bigint, run_at bigint, attempts integer, error text)"
	}
	return `(SELECT json_extract(value, '$.id') AS id, json_extract(value, '$.run_at') AS run_at,
		json_extract(value, '$.attempts') AS attempts, json_extract(value, '$.error') AS error FROM json_each(?)) f`
}

// bury copies changes to the dead letters; another relay may have done so.
func (o *Outbox) bury(ctx context.Context, tx *sql.Tx, dead []Fate) error {
	return exec(ctx, o, tx, dead, `INSERT INTO timak_dead (id, version, tbl, pk, old, new, error)
		SELECT o.id, o.version, o.tbl, o.pk, o.old, o.new, f.error FROM `+o.fates()+` JOIN timak_outbox o ON o.id = f.id
		WHERE true ON CONFLICT (id) DO NOTHING`)
}

// putOff has changes tried again at a later time.
func (o *Outbox) putOff(ctx context.Context, tx *sql.Tx, late []Fate) error {
	return exec(ctx, o, tx, late, `UPDATE timak_outbox SET run_at = f.run_at, attempts = f.attempts, error = f.error
		FROM `+o.fates()+` WHERE timak_outbox.id = f.id`)
}
