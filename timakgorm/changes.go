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

	// written is the name by which rows were made, as the statement has it, where
	// nobody has asked yet what it means.
	written string
}

// change is a row that a statement may have changed.
type change struct {
	Key json.RawMessage // the primary key by column names
	Old *string         // the image; nil if there was no row to be seen

	// Floor is what the version must not be below, where it is forced.
	Floor int64
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
	text, err := key.text()
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

// keys returns the primary keys as the array that givenRows reads.
func (c *changes) keys() string {
	return array(c.rows, func(row change, b []byte) []byte { return change{Key: row.Key}.append(b) })
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
// pool is. The versions are not below the rows' floors.
func (t *table) record(ctx context.Context, pool gorm.ConnPool, c *changes, now time.Time) (recorded int64, err error) {
	recorded, err = t.recordRows(ctx, pool, c, t.floor(c, now))
	return recorded, t.failed(err)
}

// failed is the error of a write to the outbox.
func (t *table) failed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("timakgorm: outbox of %s (did timakgorm.Migrate run?): %w", t.model.table, err)
}

// floor is what a version must not be below: what is asked for, and the
// program's clock for a database without one.
func (t *table) floor(c *changes, now time.Time) (floor int64) {
	if t.dialect.clock {
		floor = now.UnixMicro()
	}
	for _, row := range c.rows {
		floor = max(floor, row.Floor)
	}
	return floor
}

func (t *table) recordRows(ctx context.Context, pool gorm.ConnPool, c *changes, floor int64) (recorded int64, err error) {
	var drawn *int64
	if len(c.rows) > recordChunk { // several statements, each of which would draw its own
		version, err := t.draw(ctx, pool, floor)
		if err != nil {
			return 0, err
		}
		drawn = &version
	}
	for rows := range slices.Chunk(c.rows, recordChunk) {
		record, given := t.recordOf(rows, c.written)
		n, err := affected(pool.ExecContext(ctx, record, append([]any{t.model.table, drawn, floor}, given...)...))
		if err != nil {
			return recorded, err
		}
		recorded += n
	}
	return recorded, nil
}

// draw returns a version for changes whose rows are locked.
func (t *table) draw(ctx context.Context, pool gorm.ConnPool, floor int64) (version int64, err error) {
	err = pool.QueryRowContext(ctx, t.sql.draw, floor).Scan(&version)
	return version, err
}

// affected returns how many rows a statement has written.
func affected(done result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}
