package timakgorm

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// ErrNoDeadLetter is returned, wrapped with the id, by Retry and Discard for a
// dead letter that is not there, or no more.
var ErrNoDeadLetter = errors.New("no such dead letter")

// DeadLetter is a row change that could not be applied: a timeline that refuses
// it, a row that is Unplaceable, or a store that failed time and again.
// The row itself is as it was committed; only its timelines miss the change.
type DeadLetter struct {
	ID      int64           // for Retry and Discard
	Table   string          // of the row
	PK      json.RawMessage // its primary key: a JSON array of the columns
	Version int64           // microseconds: about the time of the change
	Old     json.RawMessage // the columns that rules name, before the change; nil: the row was not to be seen; {}: nobody knows
	New     json.RawMessage // the same, after it
	Error   string          // why
	DiedAt  time.Time
}

// DeadLetterQuery says which dead letters are asked for. The zero query asks
// for the first hundred.
type DeadLetterQuery struct {
	Table string // of this table only; all for ""
	After int64  // with a greater ID: that of the last one seen
	Limit int    // at most so many, 1 to 10,000; 0 means 100
}

const (
	defaultDeadLetters = 100
	maxDeadLetters     = 10_000
)

// DeadLetters returns dead letters in the order of their ids, which is about
// that of the changes. For those that follow, ask again with After.
func (p *Plugin) DeadLetters(ctx context.Context, query DeadLetterQuery) (letters []DeadLetter, err error) {
	o, err := p.outbox()
	if err != nil {
		return nil, err
	}
	if query.Limit < 0 || query.Limit > maxDeadLetters {
		return nil, fmt.Errorf("timakgorm: dead letters: limit %d, expected 1 to %d", query.Limit, maxDeadLetters)
	}
	if query.Limit == 0 {
		query.Limit = defaultDeadLetters
	}
	found, err := o.db.QueryContext(ctx, o.dialect.bind(`SELECT id, tbl, pk, version, old, new, error, died_at FROM timak_dead
		WHERE id > ? AND (CAST(? AS text) = '' OR tbl = CAST(? AS text)) ORDER BY id LIMIT ?`), query.After, query.Table, query.Table, query.Limit)
	if err != nil {
		return nil, fmt.Errorf("timakgorm: dead letters: %w", err)
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	for found.Next() {
		letter, err := scanDeadLetter(found)
		if err != nil {
			return nil, fmt.Errorf("timakgorm: dead letters: %w", err)
		}
		letters = append(letters, letter)
	}
	return letters, found.Err()
}

func scanDeadLetter(found *sql.Rows) (letter DeadLetter, err error) {
	var pk string
	var before, after *string
	var died any
	err = found.Scan(&letter.ID, &letter.Table, &pk, &letter.Version, &before, &after, &letter.Error, &died)
	letter.PK = json.RawMessage(pk)
	if before != nil {
		letter.Old = json.RawMessage(*before)
	}
	if after != nil {
		letter.New = json.RawMessage(*after)
	}
	switch at := died.(type) {
	case time.Time:
		letter.DiedAt = at.UTC()
	case string:
		parsed, parseErr := time.Parse(time.RFC3339Nano, at)
		letter.DiedAt, err = parsed.UTC(), errors.Join(err, parseErr)
	}
	return letter, err
}

// Retry puts dead letters back into the outbox, to be applied once what was
// wrong is mended. Each keeps its version: whatever has happened to its row
// since and was applied stands, even where it has made the item fall off the end
// of its timeline. If one of the ids is unknown, it
// returns ErrNoDeadLetter and none is put back.
func (p *Plugin) Retry(ctx context.Context, ids ...int64) error {
	err := p.takeDead(ctx, "retry", ids, `INSERT INTO timak_outbox (version, tbl, pk, old, new)
		SELECT version, tbl, pk, old, new FROM timak_dead WHERE id IN (%s) ORDER BY id`)
	if err == nil {
		p.wake()
	}
	return err
}

// Discard deletes dead letters: their changes never reach the timelines, other
// than by a later change of the row or by a rebuild. If one of the ids is
// unknown, it returns ErrNoDeadLetter and none is deleted.
func (p *Plugin) Discard(ctx context.Context, ids ...int64) error {
	return p.takeDead(ctx, "discard", ids, "")
}

// takeDead runs a statement about dead letters and deletes them, all or none.
func (p *Plugin) takeDead(ctx context.Context, verb string, ids []int64, statement string) (err error) {
	o, err := p.outbox()
	if err != nil || len(ids) == 0 {
		return err
	}
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	defer func() {
		if err != nil {
			err = fmt.Errorf("timakgorm: %s: %w", verb, err)
		}
	}()
	tx, err := o.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := o.takeDeadIn(ctx, tx, ids, statement); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

func (o *outbox) takeDeadIn(ctx context.Context, tx *sql.Tx, ids []int64, statement string) error {
	if err := o.lockDead(ctx, tx, ids); err != nil {
		return err
	}
	if statement != "" {
		if err := o.keepNewest(ctx, tx); err != nil {
			return err
		}
		if err := exec(ctx, o, tx, ids, fmt.Sprintf(statement, o.dialect.ids)); err != nil {
			return err
		}
	}
	return exec(ctx, o, tx, ids, "DELETE FROM timak_dead WHERE id IN ("+o.dialect.ids+")")
}

// keepNewest has later versions exceed those that wait, also when the change that
// comes last into the outbox is an old one.
func (o *outbox) keepNewest(ctx context.Context, tx *sql.Tx) error {
	if !o.dialect.clock {
		return nil
	}
	var newest int64
	if err := tx.QueryRowContext(ctx, "SELECT coalesce("+sqliteNewest+", 0)").Scan(&newest); err != nil {
		return err
	}
	return o.raiseClock(ctx, tx, newest)
}

// lockDead keeps dead letters from being taken by another until the transaction
// ends, and checks that all are there.
func (o *outbox) lockDead(ctx context.Context, tx *sql.Tx, ids []int64) (err error) {
	list, err := marshal(ids)
	if err != nil {
		return err
	}
	query := "SELECT id FROM timak_dead WHERE id IN (" + o.dialect.ids + ") ORDER BY id"
	if o.dialect.lock {
		query += " FOR UPDATE"
	}
	found, err := tx.QueryContext(ctx, o.dialect.bind(query), string(list))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	there := map[int64]bool{}
	for found.Next() {
		var id int64
		if err := found.Scan(&id); err != nil {
			return err
		}
		there[id] = true
	}
	for _, id := range ids {
		if !there[id] {
			return errors.Join(found.Err(), fmt.Errorf("%w: %d", ErrNoDeadLetter, id))
		}
	}
	return found.Err()
}
