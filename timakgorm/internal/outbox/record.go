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

// Changes are the rows that a statement may have changed: their primary keys, with
// the images they had before. Rows that did not change do no harm, as Record compares
// the images with the table. The zero Changes has no rows.
type Changes struct {
	Rows  []dialect.Change
	Index map[string]int // index into Rows, by key

	// Written is the table's name as the statement that inserted the rows writes it,
	// if the database has not been asked yet which table it means; else empty.
	Written string
}

// Read adds a row with its image before the statement; nil if it was absent or
// soft-deleted.
func (c *Changes) Read(key model.RowKey, old *string) error {
	i, err := c.IndexOf(key)
	if err == nil {
		c.Rows[i].Old = old
	}
	return err
}

// Touch adds a row that the statement may have inserted.
func (c *Changes) Touch(key model.RowKey) error {
	_, err := c.IndexOf(key)
	return err
}

// IndexOf returns the index in Rows of the row with a key, and adds the row if it is
// new.
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

// Keys returns the primary keys as the JSON array that dialect.Dialect.GivenRows
// reads.
func (c *Changes) Keys() string {
	return dialect.KeysOf(c.Rows)
}

// recordChunk is how many rows one statement records: enough to make its overhead
// small, few enough to keep its parameter at about a megabyte.
const recordChunk = 5000

// Record compares the rows with the table and writes those that have changed to the
// outbox, in the transaction pool. It returns how many it has written. Their version
// is not below the least one of any of the rows.
func Record(ctx context.Context, pool gorm.ConnPool, t *dialect.Table, c *Changes, now time.Time) (recorded int64, err error) {
	recorded, err = recordChunks(ctx, pool, t, c, leastOf(t, c, now))
	return recorded, failed(t, err)
}

// failed returns the error of a write to the outbox.
func failed(t *dialect.Table, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("timakgorm: outbox of %s (did timakgorm.Migrate run?): %w", t.Model.Table, err)
}

// leastOf returns the lowest version that the changes may get: the highest least one of
// the rows or, on a database without a precise clock, this program's time if that is
// higher.
func leastOf(t *dialect.Table, c *Changes, now time.Time) (least int64) {
	if t.Dialect.Clock {
		least = now.UnixMicro()
	}
	for _, row := range c.Rows {
		least = max(least, row.Least)
	}
	return least
}

func recordChunks(ctx context.Context, pool gorm.ConnPool, t *dialect.Table, c *Changes, least int64) (recorded int64, err error) {
	var drawn *int64
	if len(c.Rows) > recordChunk { // several statements, and each would draw its own version
		version, err := draw(ctx, pool, t, least)
		if err != nil {
			return 0, err
		}
		drawn = &version
	}
	if key, pk, ok := t.Bare(c.Rows, c.Written); ok {
		return recordBare(ctx, pool, t, c, bareRow{key, pk, least})
	}
	for rows := range slices.Chunk(c.Rows, recordChunk) {
		record, given := t.RecordOf(rows, c.Written)
		n, err := affected(pool.ExecContext(ctx, record, append([]any{t.Model.Table, drawn, least}, given...)...))
		if err != nil {
			return recorded, err
		}
		recorded += n
	}
	return recorded, nil
}

// Draw draws a version in a transaction, which is at least the one given. The transaction has
// locked what the version orders.
func Draw(ctx context.Context, pool gorm.ConnPool, t *dialect.Table, now time.Time) (version int64, err error) {
	return draw(ctx, pool, t, leastOf(t, &Changes{}, now))
}

// draw draws a version for changes whose rows are locked.
func draw(ctx context.Context, pool gorm.ConnPool, t *dialect.Table, least int64) (version int64, err error) {
	err = pool.QueryRowContext(ctx, t.SQL.Draw, least).Scan(&version)
	return version, err
}

// affected returns the number of rows that a statement has written.
func affected(done sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}

// RecordFrom is Record for rows that are in a table of the database. It draws the
// version in a separate statement: if the INSERT itself read the outbox, SQLite
// would first copy all rows to a temporary table.
func RecordFrom(ctx context.Context, pool gorm.ConnPool, t *dialect.Table, rows dialect.Given, now time.Time) (recorded int64, err error) {
	version, err := draw(ctx, pool, t, leastOf(t, &Changes{}, now))
	if err != nil {
		return 0, failed(t, err)
	}
	recorded, err = affected(pool.ExecContext(ctx, t.RecordFrom(rows), t.Model.Table, version))
	return recorded, failed(t, err)
}

// AddImage adds another image that a row had before.
func (c *Changes) AddImage(key model.RowKey, old string) error {
	text, err := model.JSON(key)
	if err == nil {
		c.Rows = append(c.Rows, dialect.Change{Key: text, Old: &old})
	}
	return err
}
