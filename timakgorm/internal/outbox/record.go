package outbox

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
)

// Changes are the rows that a statement may have changed: their primary keys,
// with the images they had before. More rows than were changed do no harm, as
// record compares with what the table holds afterwards.
type Changes struct {
	Rows  []dialect.Change
	Index map[string]int // by key

	// Written is the name by which rows were made, as the statement has it, where
	// nobody has asked yet what it means.
	Written string
}

// Read adds a row as it was before the statement.
func (c *Changes) Read(key model.RowKey, old *string) error {
	i, err := c.IndexOf(key)
	if err == nil {
		c.Rows[i].Old = old
	}
	return err
}

// Touch adds a row that the statement may have made.
func (c *Changes) Touch(key model.RowKey) error {
	_, err := c.IndexOf(key)
	return err
}

// IndexOf returns the row of a key, which it adds if it is new.
func (c *Changes) IndexOf(key model.RowKey) (int, error) {
	text, err := key.Text()
	if err != nil {
		return 0, err
	}
	if i, found := c.Index[string(text)]; found {
		return i, nil
	}
	if c.Index == nil {
		c.Index = map[string]int{}
	}
	c.Index[string(text)] = len(c.Rows)
	c.Rows = append(c.Rows, dialect.Change{Key: text})
	return len(c.Rows) - 1, nil
}

// Keys returns the primary keys as the array that givenRows reads.
func (c *Changes) Keys() string {
	return dialect.KeysOf(c.Rows)
}

// recordChunk is how many rows go into one statement: enough to make its cost
// small, few enough to bound its parameter to about a megabyte.
const recordChunk = 5000

// Record writes to the outbox what became of the rows, in the transaction that
// pool is. The versions are not below the rows' floors.
func Record(ctx context.Context, pool gorm.ConnPool, t *dialect.Table, c *Changes, now time.Time) (recorded int64, err error) {
	recorded, err = recordChunks(ctx, pool, t, c, floorOf(t, c, now))
	return recorded, failed(t, err)
}

// failed is the error of a write to the outbox.
func failed(t *dialect.Table, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("timakgorm: outbox of %s (did timakgorm.Migrate run?): %w", t.Model.Table, err)
}

// floorOf is what a version must not be below: what is asked for, and the
// program's clock for a database without one.
func floorOf(t *dialect.Table, c *Changes, now time.Time) (floor int64) {
	if t.Dialect.Clock {
		floor = now.UnixMicro()
	}
	for _, row := range c.Rows {
		floor = max(floor, row.Floor)
	}
	return floor
}

func recordChunks(ctx context.Context, pool gorm.ConnPool, t *dialect.Table, c *Changes, floor int64) (recorded int64, err error) {
	var drawn *int64
	if len(c.Rows) > recordChunk { // several statements, each of which would draw its own
		version, err := draw(ctx, pool, t, floor)
		if err != nil {
			return 0, err
		}
		drawn = &version
	}
	for rows := range slices.Chunk(c.Rows, recordChunk) {
		record, given := t.RecordOf(rows, c.Written)
		n, err := affected(pool.ExecContext(ctx, record, append([]any{t.Model.Table, drawn, floor}, given...)...))
		if err != nil {
			return recorded, err
		}
		recorded += n
	}
	return recorded, nil
}

// draw returns a version for changes whose rows are locked.
func draw(ctx context.Context, pool gorm.ConnPool, t *dialect.Table, floor int64) (version int64, err error) {
	err = pool.QueryRowContext(ctx, t.SQL.Draw, floor).Scan(&version)
	return version, err
}

// affected returns how many rows a statement has written.
func affected(done sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}

// RecordFrom is record for rows that a table of the database holds, as SQL reads
// them. It draws the version by itself: an INSERT that reads the outbox too would
// have SQLite put all rows aside first.
func RecordFrom(ctx context.Context, pool gorm.ConnPool, t *dialect.Table, rows dialect.Given, now time.Time) (recorded int64, err error) {
	version, err := draw(ctx, pool, t, floorOf(t, &Changes{}, now))
	if err != nil {
		return 0, failed(t, err)
	}
	recorded, err = affected(pool.ExecContext(ctx, t.RecordFrom(rows), t.Model.Table, version))
	return recorded, failed(t, err)
}

// AddImage adds another image that a row had.
func (c *Changes) AddImage(key model.RowKey, old string) error {
	text, err := model.JSON(key)
	if err == nil {
		c.Rows = append(c.Rows, dialect.Change{Key: text, Old: &old})
	}
	return err
}
