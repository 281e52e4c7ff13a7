package timakgorm

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
)

// changes are the rows that a statement may have changed: their primary keys,
// with the images they had before. More rows than were changed do no harm, as
// record compares with what the table holds afterwards.
type changes struct {
	rows  []change
	index map[string]int // by key
}

// change is a row of the array that record takes.
type change struct {
	Key json.RawMessage `json:"k"` // the primary key by column names
	Old *string         `json:"o"` // the image; nil if there was no row to be seen

	// Floor is what the version must not be below; only where it is forced.
	Floor int64 `json:"f,omitempty"`
}

// rowKey is the primary key of a row by column names.
type rowKey map[string]any

// read adds a row as it was before the statement.
func (c *changes) read(key rowKey, old *string) error {
	i, err := c.place(key)
	if err == nil {
		c.rows[i].Old = old
	}
	return err
}

// touch adds a row that the statement may have made.
func (c *changes) touch(key rowKey) error {
	_, err := c.place(key)
	return err
}

// place returns the row of a key, which it adds if it is new.
func (c *changes) place(key rowKey) (int, error) {
	text, err := marshal(key)
	if err != nil {
		return 0, err
	}
	if i, found := c.index[string(text)]; found {
		return i, nil
	}
	if c.index == nil {
		c.index = map[string]int{}
	}
	c.index[string(text)] = len(c.rows)
	c.rows = append(c.rows, change{Key: text})
	return len(c.rows) - 1, nil
}

// keys returns the primary keys as the array that narrow takes.
func (c *changes) keys() (string, error) {
	bare := make([]change, len(c.rows))
	for i, row := range c.rows {
		bare[i].Key = row.Key
	}
	text, err := marshal(bare)
	return string(text), err
}

// marshal writes JSON with every text as it is, so that one key has one text.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// recordChunk is how many rows go into one statement: enough to make its cost
// small, few enough to bound its parameter to about a megabyte.
const recordChunk = 5000

// record writes to the outbox what became of the rows, in the transaction that
// pool is.
func (t *table) record(ctx context.Context, pool gorm.ConnPool, c *changes, now time.Time) (recorded int64, err error) {
	return t.recordBy(ctx, pool, t.sql.record, c, now)
}

// force is record, but that a version is never below the rows' floors.
func (t *table) force(ctx context.Context, pool gorm.ConnPool, c *changes, now time.Time) (recorded int64, err error) {
	return t.recordBy(ctx, pool, t.sql.force, c, now)
}

func (t *table) recordBy(ctx context.Context, pool gorm.ConnPool, statement string, c *changes, now time.Time) (recorded int64, err error) {
	clock, err := t.clock(ctx, pool, now, len(c.rows))
	if err != nil {
		return 0, fmt.Errorf("timakgorm: outbox of %s: %w", t.model.table, err)
	}
	for rows := range slices.Chunk(c.rows, recordChunk) {
		text, err := marshal(rows)
		if err != nil {
			return recorded, fmt.Errorf("timakgorm: outbox of %s: %w", t.model.table, err)
		}
		result, err := pool.ExecContext(ctx, statement, t.dialect.recordArgs(t.model, clock, string(text))...)
		if err != nil {
			return recorded, fmt.Errorf("timakgorm: outbox of %s (did timakgorm.Migrate run?): %w", t.model.table, err)
		}
		n, err := result.RowsAffected()
		if err != nil {
			return recorded, err
		}
		recorded += n
	}
	return recorded, nil
}

// clock returns the time for a number of rows: that of the program for a
// database without a clock, nil for the moment of record, or the same moment
// for all if they take several.
func (t *table) clock(ctx context.Context, pool gorm.ConnPool, now time.Time, rows int) (*int64, error) {
	if t.dialect.clock {
		ours := now.UnixMicro()
		return &ours, nil
	}
	if rows <= recordChunk {
		return nil, nil
	}
	var theirs int64
	err := pool.QueryRowContext(ctx, "SELECT "+t.dialect.now).Scan(&theirs)
	return &theirs, err
}
