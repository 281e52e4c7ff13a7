package timakgorm

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// errNotInUse is returned by a relay without a database.
var errNotInUse = errors.New("timakgorm: the plugin is not in use: call db.Use(plugin) first")

// outbox is the relay's side of the outbox.
type outbox struct {
	db      *sql.DB
	dialect dialect
	tables  string // the tracked tables, as a JSON array
}

func (p *Plugin) outbox() (*outbox, error) {
	if p.db == nil {
		return nil, errNotInUse
	}
	db, err := p.db.DB()
	if err != nil {
		return nil, fmt.Errorf("timakgorm: %w", err)
	}
	names := make([]string, 0, len(p.tables))
	for name := range p.tables {
		names = append(names, name)
	}
	tables, err := marshal(names)
	return &outbox{db: db, dialect: p.dialect, tables: string(tables)}, err
}

// among is the condition of a selection: of tracked tables, and in its shards.
func (o *outbox) among(which selection) (condition string, args []any) {
	condition, args = "tbl IN ("+o.dialect.names+")", []any{o.tables}
	if which.shards != nil {
		condition += fmt.Sprintf(" AND hashtext(pk) & %d = ANY (CAST(CAST(? AS text) AS integer[]))", shardCount-1)
		args = append(args, arrayText(which.shards))
	}
	return condition, args
}

const changeColumns = "o.id, o.version, o.tbl, o.pk, o.old, o.new, o.attempts"

// A batch is read in pages of so many rows of the outbox, until it is full or
// holds so many bytes of images.
const (
	outboxPage = 5000
	batchBytes = 64 << 20
)

// due returns the oldest changes of a selection whose time has come, and whether
// there may be more. With them come those of the same rows that were put off
// before: what a row was is not to be tried after what it became.
func (o *outbox) due(ctx context.Context, limit int, which selection) (changes []rowChange, more bool, err error) {
	if which.shards != nil && len(which.shards) == 0 {
		return nil, false, nil
	}
	until := time.Now().UnixMicro()
	if which.everything {
		until = math.MaxInt64
	}
	size, putOff, next := 0, int64(math.MaxInt64), outboxPart{last: which.after, more: true}
	for next.more && len(changes) < limit && size < batchBytes {
		if next, err = o.page(ctx, next.last, min(limit, outboxPage), until, which); err != nil {
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
	if n := len(changes); n > 0 && putOff < changes[n-1].id {
		changes, err = o.ofRows(ctx, idsOf(changes), putOff)
	}
	return changes, more, err
}

// outboxPart is what a page of the outbox has of a selection.
type outboxPart struct {
	changes []rowChange // whose time has come
	putOff  int64       // the first whose time has not
	last    int64       // of the page
	more    bool        // others may follow
}

// page returns what is of a selection among so many rows of the outbox after
// one. The rows are found by their id and looked at one by one: no other plan of
// the database's would do for an outbox that was empty a moment ago and has a
// million rows now.
func (o *outbox) page(ctx context.Context, after int64, limit int, until int64, which selection) (outboxPart, error) {
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
	slices.SortFunc(changes, func(a, b rowChange) int { return cmp.Compare(a.id, b.id) })
	return outboxPart{changes: changes, putOff: rest.version, last: rest.id, more: rest.attempts == limit}, nil
}

// ofRows returns the changes with these ids, and all others of the same rows from
// one on to the last of them. Nothing indexes the rows, so that nobody looks for
// older ones than need be: those that come later stand for nothing, as each
// change tells the timelines also what it has put an end to.
func (o *outbox) ofRows(ctx context.Context, ids []int64, from int64) ([]rowChange, error) {
	list, err := marshal(ids)
	if err != nil {
		return nil, err
	}
	among, args := o.among(selection{})
	return o.read(ctx, "SELECT "+changeColumns+` FROM timak_outbox o WHERE id BETWEEN ? AND ?
		AND ((tbl, pk) IN (SELECT r.tbl, r.pk FROM timak_outbox r WHERE r.id IN (`+o.dialect.ids+"))) IS TRUE AND "+among+" ORDER BY id",
		append([]any{min(from, slices.Min(ids)), slices.Max(ids), string(list)}, args...)...)
}

func (o *outbox) read(ctx context.Context, query string, args ...any) (changes []rowChange, err error) {
	found, err := o.db.QueryContext(ctx, o.dialect.bind(query), args...)
	if err != nil {
		return nil, fmt.Errorf("timakgorm: read outbox: %w", err)
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	changes = make([]rowChange, 0, 64)
	for found.Next() {
		var c rowChange
		if err := found.Scan(&c.id, &c.version, &c.table, &c.pk, &c.old, &c.new, &c.attempts); err != nil {
			return nil, fmt.Errorf("timakgorm: read outbox: %w", err)
		}
		changes = append(changes, c)
	}
	return changes, found.Err()
}

// waiting returns the first change of a selection, and how many there are.
func (o *outbox) waiting(ctx context.Context, which selection) (first, count int64, err error) {
	among, args := o.among(which)
	err = o.db.QueryRowContext(ctx, o.dialect.bind("SELECT coalesce(min(id), 0), count(*) FROM timak_outbox WHERE "+among), args...).
		Scan(&first, &count)
	if err != nil {
		err = fmt.Errorf("timakgorm: read outbox: %w", err)
	}
	return first, count, err
}

// settlement is what becomes of the changes of a batch.
type settlement struct {
	done []int64 // to be deleted
	dead []fate  // to become dead letters
	late []fate  // to be tried again at a later time
	high int64   // the highest version among those that leave
}

// finish has a row's changes leave the outbox, applied.
func (s *settlement) finish(f *rowFold) {
	s.done = append(s.done, f.ids()...)
	s.high = max(s.high, f.last().version)
}

// bury has a row's changes leave the outbox, as dead letters.
func (s *settlement) bury(f *rowFold, reason error) {
	for _, id := range f.ids() {
		s.dead = append(s.dead, fate{ID: id, Error: reason.Error()})
	}
	s.high = max(s.high, f.last().version)
}

// fate is what becomes of one change, and why.
type fate struct {
	ID       int64  `json:"id"`
	RunAt    int64  `json:"run_at"` // microseconds
	Attempts int    `json:"attempts"`
	Error    string `json:"error"`
}

// empty reports whether there is nothing to write.
func (s settlement) empty() bool { return len(s.done)+len(s.dead)+len(s.late) == 0 }

// settleChunk is how many changes leave SQLite's outbox in one transaction, for
// which all other writers wait.
const settleChunk = 2000

// settle carries out a settlement, in a transaction or, on SQLite, some: any
// part of it may be done without the rest.
func (o *outbox) settle(ctx context.Context, s settlement) error {
	if o.dialect.lock {
		return o.settleAtOnce(ctx, s)
	}
	for done := range slices.Chunk(s.done, settleChunk) {
		if err := o.settleAtOnce(ctx, settlement{done: done, high: s.high}); err != nil {
			return err
		}
	}
	s.done = nil
	return o.settleAtOnce(ctx, s)
}

// settleAtOnce takes one transaction. Relays that settle at the same time wait
// for each other at the clock, before they touch any change: so no two can wait
// for each other crosswise.
func (o *outbox) settleAtOnce(ctx context.Context, s settlement) error {
	if s.empty() {
		return nil
	}
	tx, err := o.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("timakgorm: settle outbox: %w", err)
	}
	if err := o.settleIn(ctx, tx, s); err != nil {
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

func (o *outbox) settleIn(ctx context.Context, tx *sql.Tx, s settlement) error {
	if o.dialect.lock {
		if _, err := tx.ExecContext(ctx, settleSettings); err != nil {
			return err
		}
	}
	if err := o.raiseClock(ctx, tx, s.high); err != nil {
		return err
	}
	gone := slices.Clone(s.done)
	for _, f := range s.dead {
		gone = append(gone, f.ID)
	}
	if err := o.bury(ctx, tx, s.dead); err != nil {
		return err
	}
	if err := o.forget(ctx, tx, gone); err != nil {
		return err
	}
	return o.putOff(ctx, tx, s.late)
}

// raiseClock makes later versions exceed those of the changes that leave. The row
// is locked whether it rises or not, and put back if somebody has emptied the
// table.
func (o *outbox) raiseClock(ctx context.Context, tx *sql.Tx, high int64) error {
	raised, err := tx.ExecContext(ctx, o.dialect.bind("UPDATE timak_clock SET high = "+o.dialect.greatest+"(high, ?)"), high)
	if err != nil {
		return err
	}
	if n, err := raised.RowsAffected(); n > 0 || err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, o.dialect.bind("INSERT INTO timak_clock (high) VALUES (?) ON CONFLICT DO NOTHING"), high)
	return err
}

// exec runs a statement written with ?, whose first parameter is a list, if
// that is not empty.
func exec[T any](ctx context.Context, o *outbox, tx *sql.Tx, list []T, statement string) error {
	if len(list) == 0 {
		return nil
	}
	text, err := marshal(list)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, o.dialect.bind(statement), string(text))
	return err
}

// forget deletes changes.
func (o *outbox) forget(ctx context.Context, tx *sql.Tx, ids []int64) error {
	return exec(ctx, o, tx, ids, "DELETE FROM timak_outbox WHERE id IN ("+o.dialect.ids+")")
}

// fates is a FROM item that turns the JSON array in a parameter into rows f.
func (o *outbox) fates() string {
	if o.dialect.numbered {
		return "jsonb_to_recordset(CAST(CAST(? AS text) AS jsonb)) AS f(id bigint, run_at bigint, attempts integer, error text)"
	}
	return `(SELECT json_extract(value, '$.id') AS id, json_extract(value, '$.run_at') AS run_at,
		json_extract(value, '$.attempts') AS attempts, json_extract(value, '$.error') AS error FROM json_each(?)) f`
}

// bury copies changes to the dead letters; another relay may have done so.
func (o *outbox) bury(ctx context.Context, tx *sql.Tx, dead []fate) error {
	return exec(ctx, o, tx, dead, `INSERT INTO timak_dead (id, version, tbl, pk, old, new, error)
		SELECT o.id, o.version, o.tbl, o.pk, o.old, o.new, f.error FROM `+o.fates()+` JOIN timak_outbox o ON o.id = f.id
		WHERE true ON CONFLICT (id) DO NOTHING`)
}

// putOff has changes tried again at a later time.
func (o *outbox) putOff(ctx context.Context, tx *sql.Tx, late []fate) error {
	return exec(ctx, o, tx, late, `UPDATE timak_outbox SET run_at = f.run_at, attempts = f.attempts, error = f.error
		FROM `+o.fates()+` WHERE timak_outbox.id = f.id`)
}
