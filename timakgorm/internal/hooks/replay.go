package hooks

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"reflect"
	"sync"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
)

// replay holds the rows of a query, to be read again: GORM accepts only a *sql.Rows,
// and must not see the column that addReturning has added.
type replay struct {
	columns []replayColumn
	values  [][]driver.Value
}

type replayColumn struct {
	name, databaseType string
	scan               reflect.Type
}

// keep reads all rows, and closes them.
func keep(found *sql.Rows) (r *replay, err error) {
	defer dialect.CloseRows(found, &err)
	types, err := found.ColumnTypes()
	if err != nil {
		return nil, err
	}
	r = &replay{}
	for _, t := range types {
		r.columns = append(r.columns, replayColumn{t.Name(), t.DatabaseTypeName(), t.ScanType()})
	}
	for found.Next() {
		row := make([]any, len(types))
		places := make([]any, len(types))
		for i := range row {
			places[i] = &row[i]
		}
		if err := found.Scan(places...); err != nil {
			return nil, err
		}
		values := make([]driver.Value, len(row))
		for i, v := range row {
			values[i] = v
		}
		r.values = append(r.values, values)
	}
	return r, found.Err()
}

// cutLast removes the last column and returns its values.
func (r *replay) cutLast() ([]string, error) {
	last := len(r.columns) - 1
	r.columns = r.columns[:last]
	texts := make([]string, len(r.values))
	for i, row := range r.values {
		switch v := row[last].(type) {
		case string:
			texts[i] = v
		case []byte:
			texts[i] = string(v)
		default:
			return nil, fmt.Errorf("timakgorm: a written row came back as %T: expected a text", v)
		}
		r.values[i] = row[:last]
	}
	return texts, nil
}

// rows returns all rows, from the first on.
func (r *replay) rows(ctx context.Context) (*sql.Rows, error) {
	return replays().QueryContext(ctx, "", r)
}

// replays returns the database that answers a query with the replay in its argument.
var replays = sync.OnceValue(func() *sql.DB { return sql.OpenDB(replayConn{}) })

// replayConn implements what database/sql needs to return rows.
type replayConn struct{}

var errReplay = errors.New("timakgorm: rows that were read already can only be read again")

// Connect implements driver.Connector.
func (c replayConn) Connect(context.Context) (driver.Conn, error) { return c, nil }

// Driver implements driver.Connector.
func (c replayConn) Driver() driver.Driver { return c }

// Open implements driver.Driver.
func (c replayConn) Open(string) (driver.Conn, error) { return c, nil }

// Prepare implements driver.Conn.
func (replayConn) Prepare(string) (driver.Stmt, error) { return nil, errReplay }

// Close implements driver.Conn.
func (replayConn) Close() error { return nil }

// Begin implements driver.Conn.
func (replayConn) Begin() (driver.Tx, error) { return nil, errReplay }

// CheckNamedValue implements driver.NamedValueChecker.
func (replayConn) CheckNamedValue(*driver.NamedValue) error { return nil }

// QueryContext implements driver.QueryerContext.
func (replayConn) QueryContext(_ context.Context, _ string, args []driver.NamedValue) (driver.Rows, error) {
	r, ok := args[0].Value.(*replay)
	if !ok {
		return nil, errReplay
	}
	return &replayRows{replay: r}, nil
}

// replayRows reads a replay.
type replayRows struct {
	*replay

	next int
}

// Columns implements driver.Rows.
func (r *replayRows) Columns() []string {
	names := make([]string, len(r.columns))
	for i, column := range r.columns {
		names[i] = column.name
	}
	return names
}

// Close implements driver.Rows.
func (r *replayRows) Close() error { return nil }

// Next implements driver.Rows.
func (r *replayRows) Next(dest []driver.Value) error {
	if r.next == len(r.values) {
		return io.EOF
	}
	copy(dest, r.values[r.next])
	r.next++
	return nil
}

// ColumnTypeDatabaseTypeName implements driver.RowsColumnTypeDatabaseTypeName.
func (r *replayRows) ColumnTypeDatabaseTypeName(i int) string { return r.columns[i].databaseType }

// ColumnTypeScanType implements driver.RowsColumnTypeScanType.
func (r *replayRows) ColumnTypeScanType(i int) reflect.Type { return r.columns[i].scan }
