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

// replay is the rows of a query that have been read, to be read once more: GORM
// takes nothing but a *sql.Rows, and can be given what a statement returned
// without what we had it return besides.
type replay struct {
	columns []replayColumn
	values  [][]driver.Value
}

type replayColumn struct {
	name, databaseType string
	scan               reflect.Type
}

// keep reads rows to their end, and closes them.
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

// cutLast removes the last column and returns its texts.
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

// rows returns the rows from their beginning.
func (r *replay) rows(ctx context.Context) (*sql.Rows, error) {
	return replays().QueryContext(ctx, "", r)
}

// replays is the database that answers each query with the replay it is given.
var replays = sync.OnceValue(func() *sql.DB { return sql.OpenDB(replayConn{}) })

// replayConn implements what database/sql needs to hand rows out.
type replayConn struct{}

var errReplay = errors.New("timakgorm: a replay is for reading")

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

// replayRows is a replay under way.
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
