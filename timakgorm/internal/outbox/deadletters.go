package outbox

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
)

// ErrNoDeadLetter is returned, wrapped with the id, for a dead letter that does not
// exist, or no longer exists.
var ErrNoDeadLetter = errors.New("no such dead letter")

// Letter is a dead letter; timakgorm.DeadLetter describes its fields.
type Letter struct {
	ID      int64
	Table   string
	PK      json.RawMessage
	Version int64
	Old     json.RawMessage
	New     json.RawMessage
	Error   string
	DiedAt  time.Time
}

// LetterQuery selects dead letters; timakgorm.DeadLetterQuery describes its fields.
type LetterQuery struct {
	Table string
	After int64
	Limit int
}

const (
	defaultLetters = 100
	maxLetters     = 10_000
)

// Letters returns dead letters, ordered by id.
func (o *Outbox) Letters(ctx context.Context, query LetterQuery) (letters []Letter, err error) {
	if query.Limit < 0 || query.Limit > maxLetters {
		return nil, fmt.Errorf("timakgorm: dead letters: limit %d, expected 1 to %d", query.Limit, maxLetters)
	}
	args := []any{query.After, query.Table, query.Table, cmp.Or(query.Limit, defaultLetters)}
	err = dialect.EachRow(ctx, o.DB, o.dialect.Bind(`SELECT id, tbl, pk, version, old, new, error, died_at FROM timak_dead
		WHERE id > ? AND (CAST(? AS text) = '' OR tbl = CAST(? AS text)) ORDER BY id LIMIT ?`), args, func(found *sql.Rows) error {
		one, err := scanLetter(found)
		letters = append(letters, one)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("timakgorm: dead letters: %w", err)
	}
	return letters, nil
}

func scanLetter(found *sql.Rows) (l Letter, err error) {
	var pk string
	var before, after *string
	var died any
	err = found.Scan(&l.ID, &l.Table, &pk, &l.Version, &before, &after, &l.Error, &died)
	l.PK = json.RawMessage(pk)
	if before != nil {
		l.Old = json.RawMessage(*before)
	}
	if after != nil {
		l.New = json.RawMessage(*after)
	}
	switch at := died.(type) {
	case time.Time:
		l.DiedAt = at.UTC()
	case string:
		parsed, parseErr := time.Parse(time.RFC3339Nano, at)
		l.DiedAt, err = parsed.UTC(), errors.Join(err, parseErr)
	}
	return l, err
}

// Retry moves dead letters back into the outbox: all of them, or none with
// ErrNoDeadLetter.
func (o *Outbox) Retry(ctx context.Context, ids ...int64) error {
	return o.takeDead(ctx, "retry", ids, `INSERT INTO timak_outbox (version, tbl, pk, old, new)
		SELECT version, tbl, pk, old, new FROM timak_dead WHERE id IN (%s) ORDER BY id`)
}

// Discard deletes dead letters: all of them, or none with ErrNoDeadLetter.
func (o *Outbox) Discard(ctx context.Context, ids ...int64) error {
	return o.takeDead(ctx, "discard", ids, "")
}

// takeDead runs a statement about dead letters and deletes them: all or none.
func (o *Outbox) takeDead(ctx context.Context, verb string, ids []int64, statement string) (err error) {
	if len(ids) == 0 {
		return nil
	}
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	defer func() {
		if err != nil {
			err = fmt.Errorf("timakgorm: %s: %w", verb, err)
		}
	}()
	tx, err := o.DB.BeginTx(ctx, o.dialect.UnderLocks())
	if err != nil {
		return err
	}
	if err := o.takeDeadIn(ctx, tx, ids, statement); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

func (o *Outbox) takeDeadIn(ctx context.Context, tx *sql.Tx, ids []int64, statement string) error {
	if err := o.lockDead(ctx, tx, ids); err != nil {
		return err
	}
	if statement != "" {
		if err := o.keepNewest(ctx, tx); err != nil {
			return err
		}
		if err := exec(ctx, o, tx, ids, fmt.Sprintf(statement, o.dialect.IDs)); err != nil {
			return err
		}
	}
	return exec(ctx, o, tx, ids, "DELETE FROM timak_dead WHERE id IN ("+o.dialect.IDs+")")
}

// keepNewest makes later versions exceed those in the outbox, even after an old
// change has become the last one there.
func (o *Outbox) keepNewest(ctx context.Context, tx *sql.Tx) error {
	if !o.dialect.Clock {
		return nil
	}
	var newest int64
	if err := tx.QueryRowContext(ctx, "SELECT coalesce("+dialect.SQLiteNewest+", 0)").Scan(&newest); err != nil {
		return err
	}
	return o.raiseClock(ctx, tx, newest)
}

// lockDead locks dead letters until the transaction ends, and returns
// ErrNoDeadLetter if one of them does not exist.
func (o *Outbox) lockDead(ctx context.Context, tx *sql.Tx, ids []int64) (err error) {
	list, err := model.JSON(ids)
	if err != nil {
		return err
	}
	query := "SELECT id FROM timak_dead WHERE id IN (" + o.dialect.IDs + ") ORDER BY id"
	if o.dialect.Lock {
		query += " FOR UPDATE"
	}
	there := map[int64]bool{}
	err = dialect.EachRow(ctx, tx, o.dialect.Bind(query), []any{string(list)}, func(found *sql.Rows) error {
		var id int64
		err := found.Scan(&id)
		there[id] = true
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		if !there[id] {
			return fmt.Errorf("%w: %d", ErrNoDeadLetter, id)
		}
	}
	return nil
}
