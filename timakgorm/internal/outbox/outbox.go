package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
)

// Outbox reads and settles the changes in the outbox, for the relay. Its methods may
// be called from any number of goroutines.
type Outbox struct {
	DB    *sql.DB
	Swept *Swept // what looks begin behind; nil: every look begins at the first id

	dialect dialect.Dialect
	tables  string // the tracked tables, as a JSON array
}

// Open returns the outbox in db, with the changes of the tables ts.
func Open(db *sql.DB, ts *dialect.Tables) (*Outbox, error) {
	names, err := model.JSON(slices.Sorted(maps.Keys(ts.ByName)))
	return &Outbox{DB: db, dialect: ts.Dialect, tables: string(names)}, err
}

// among returns the condition that a change is of a tracked table and in the
// selection's shards.
func (o *Outbox) among(which Selection) (condition string, args []any) {
	condition, args = "tbl IN ("+o.dialect.Names+")", []any{o.tables}
	if which.Shards != nil {
		condition += fmt.Sprintf(" AND hashtext(pk) & %d = ANY (CAST(CAST(? AS text) AS integer[]))", ShardCount-1)
		args = append(args, ArrayText(which.Shards))
	}
	return condition, args
}

// Settlement says what becomes of the changes of a batch. The zero Settlement
// changes nothing.
type Settlement struct {
	Done []int64    // ids of changes to delete
	Dead []Fate     // changes that become dead letters
	Late []Fate     // changes to try again later
	Some []Progress // changes of which a part is done

	// Claims are the versions with which the relay has claimed changes, by id. A change
	// that another relay has claimed since stays as it is.
	Claims map[int64]int64

	// Mark is a mark of the store behind everything that the settlement forgets, in its
	// relay's row; nil if that has none. Settling returns ErrMarksChanged if the row
	// does not stand.
	Mark *Mark

	// Notes go to the programs that listen on Channel, on Postgres.
	Notes []string

	high int64 // the highest version among the changes that leave the outbox
}

// without leaves out some changes.
func (s Settlement) without(ids map[int64]bool) Settlement {
	if len(ids) == 0 {
		return s
	}
	s.Done = slices.DeleteFunc(slices.Clone(s.Done), func(id int64) bool { return ids[id] })
	s.Dead = slices.DeleteFunc(slices.Clone(s.Dead), func(f Fate) bool { return ids[f.ID] })
	s.Late = slices.DeleteFunc(slices.Clone(s.Late), func(f Fate) bool { return ids[f.ID] })
	s.Some = slices.DeleteFunc(slices.Clone(s.Some), func(p Progress) bool { return ids[p.ID] })
	return s
}

// Finish deletes a row's changes from the outbox: they are applied. The last one
// has the highest version.
func (s *Settlement) Finish(changes []RowChange) {
	s.Done = append(s.Done, IDsOf(changes)...)
	s.high = max(s.high, changes[len(changes)-1].Version)
}

// Bury makes dead letters of a row's changes. The last one has the highest version.
func (s *Settlement) Bury(changes []RowChange, reason error) {
	for _, change := range changes {
		s.Dead = append(s.Dead, Fate{ID: change.ID, Error: reason.Error()})
	}
	s.high = max(s.high, changes[len(changes)-1].Version)
}

// Fate says what becomes of one change, and why.
type Fate struct {
	ID       int64  `json:"id"`
	RunAt    int64  `json:"run_at"` // microseconds
	Attempts int    `json:"attempts"`
	Error    string `json:"error"`
}

// Progress is how far the relay has come with a change, in its own words.
type Progress struct {
	ID   int64  `json:"id"`
	Text string `json:"progress"`
}

// Forgets reports whether the outbox then relies on the store to hold what was written.
func (s Settlement) Forgets() bool { return len(s.Done)+len(s.Dead)+len(s.Some) > 0 }

// empty reports whether there is nothing to write.
func (s Settlement) empty() bool {
	return len(s.Done)+len(s.Dead)+len(s.Late)+len(s.Some)+len(s.Claims) == 0
}

// settleChunk is how many changes leave SQLite's outbox in one transaction, while all
// other writers wait.
const settleChunk = 2000

// Settle carries out a settlement: in one transaction on Postgres, in several on
// SQLite, where an error may leave a part of it done.
func (o *Outbox) Settle(ctx context.Context, s Settlement) error {
	if o.dialect.Lock {
		return o.settleAtOnce(ctx, s)
	}
	for done := range slices.Chunk(s.Done, settleChunk) {
		if err := o.settleAtOnce(ctx, s.part(done)); err != nil {
			return err
		}
	}
	s.Done = nil
	return o.settleAtOnce(ctx, s)
}

// settleAtOnce settles in one transaction. Relays that settle at the same time first
// wait for each other at the clock's row, before they touch any change, so they
// cannot deadlock.
func (o *Outbox) settleAtOnce(ctx context.Context, s Settlement) error {
	if s.empty() {
		return nil
	}
	tx, err := o.DB.BeginTx(ctx, o.dialect.UnderLocks())
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

// clockSettings are the settings on Postgres of who waits at the clock's row. As all other
// relays wait there too, the server ends a transaction soon if its program is gone, and a
// relay that waits too long gets an error, logs it and tries again.
const clockSettings = "set_config('lock_timeout', '5s', true), set_config('idle_in_transaction_session_timeout', '10s', true)"

// settleSettings are the settings of a settlement on Postgres. It need not wait for
// the disk: after a crash its changes are applied once more. It finds changes by their ids:
// a plan from when there were only a few, which reads the whole table, would read all
// deleted rows that are still in it.
const settleSettings = "SELECT set_config('synchronous_commit', 'off', true), set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true), " + clockSettings

// prepare sets on Postgres how a transaction settles, and has it send notes when it commits.
func (o *Outbox) prepare(ctx context.Context, tx *sql.Tx, notes []string) error {
	if !o.dialect.Lock {
		return nil
	}
	statement, args, err := settleSettings, []any(nil), error(nil)
	if len(notes) > 0 {
		statement += ", " + sendNotes
		args, err = notesArgs(notes)
	}
	if err == nil {
		_, err = tx.ExecContext(ctx, statement, args...)
	}
	return err
}

// SettleIn carries out a settlement in a transaction, which the caller ends.
func (o *Outbox) SettleIn(ctx context.Context, tx *sql.Tx, s Settlement) error {
	if err := o.prepare(ctx, tx, s.Notes); err != nil {
		return err
	}
	if err := o.raiseClock(ctx, tx, s.high); err != nil {
		return err
	}
	if s.Mark != nil {
		if err := o.remember(ctx, tx, s.Mark); err != nil {
			return err
		}
	}
	lost, err := o.lost(ctx, tx, s)
	if err != nil {
		return err
	}
	s = s.without(lost)
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
	if err := o.advance(ctx, tx, s.Some); err != nil {
		return err
	}
	if err := o.giveBack(ctx, tx, s); err != nil {
		return err
	}
	return o.putOff(ctx, tx, s.Late)
}

// exec runs a statement whose parameters, written ?, are all the same JSON list. It does
// nothing for an empty list.
func exec[T any](ctx context.Context, o *Outbox, tx *sql.Tx, list []T, statement string) error {
	if len(list) == 0 {
		return nil
	}
	text, err := model.JSON(list)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, o.dialect.Bind(statement), repeated(text, statement)...)
	return err
}

// repeated returns a JSON text as each parameter of a statement.
func repeated(text []byte, statement string) []any {
	return slices.Repeat([]any{string(text)}, strings.Count(statement, "?"))
}

// isOneOf returns the condition that a change's id is in the JSON list in a parameter.
// Postgres looks up each in the index, where it might join the list with all changes.
func (o *Outbox) isOneOf(id string) string {
	if o.dialect.Numbered {
		return id + " = ANY (CAST(translate(CAST(? AS text), '[]', '{}') AS bigint[]))"
	}
	return id + " IN (" + o.dialect.IDs + ")"
}

// isOf returns a condition that is true of a change whose id is in a FROM item f, which it
// is joined with: so Postgres looks up each in the index.
func (o *Outbox) isOf(id, item string) string {
	if o.dialect.Numbered {
		return id + " = ANY (CAST((SELECT array_agg(f.id) FROM " + item + ") AS bigint[]))"
	}
	return "true"
}

// forget deletes changes from the outbox.
func (o *Outbox) forget(ctx context.Context, tx *sql.Tx, ids []int64) error {
	return exec(ctx, o, tx, ids, "DELETE FROM timak_outbox WHERE "+o.isOneOf("id"))
}

// fates returns a FROM item f that turns a JSON array of Fates, its parameter, into
// rows.
func (o *Outbox) fates() string {
	if o.dialect.Numbered {
		return "jsonb_to_recordset(CAST(CAST(? AS text) AS jsonb)) AS f(id bigint, run_at bigint, attempts integer, error text)"
	}
	return `(SELECT json_extract(value, '$.id') AS id, json_extract(value, '$.run_at') AS run_at,
		json_extract(value, '$.attempts') AS attempts, json_extract(value, '$.error') AS error FROM json_each(?)) f`
}

// bury copies changes to the dead letters, unless another relay has done so already.
func (o *Outbox) bury(ctx context.Context, tx *sql.Tx, dead []Fate) error {
	return exec(ctx, o, tx, dead, `INSERT INTO timak_dead (id, version, tbl, pk, old, new, error)
		SELECT o.id, o.version, o.tbl, o.pk, o.old, o.new, f.error FROM `+o.fates()+` JOIN timak_outbox o ON o.id = f.id
		WHERE `+o.isOf("o.id", o.fates())+` ON CONFLICT (id) DO NOTHING`)
}

// putOff sets when changes are tried again.
func (o *Outbox) putOff(ctx context.Context, tx *sql.Tx, late []Fate) error {
	return exec(ctx, o, tx, late, `UPDATE timak_outbox SET run_at = f.run_at, attempts = f.attempts, error = f.error
		FROM `+o.fates()+` WHERE timak_outbox.id = f.id AND `+o.isOf("timak_outbox.id", o.fates()))
}

// advance notes how far the relay has come with changes.
func (o *Outbox) advance(ctx context.Context, tx *sql.Tx, some []Progress) error {
	rows := `(SELECT json_extract(value, '$.id') AS id, json_extract(value, '$.progress') AS progress FROM json_each(?)) f`
	if o.dialect.Numbered {
		rows = "jsonb_to_recordset(CAST(CAST(? AS text) AS jsonb)) AS f(id bigint, progress text)"
	}
	return exec(ctx, o, tx, some, "UPDATE timak_outbox SET progress = f.progress FROM "+rows+" WHERE timak_outbox.id = f.id AND "+o.isOf("timak_outbox.id", rows))
}
