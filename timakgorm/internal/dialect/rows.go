package dialect

import (
	"context"
	"database/sql"
	"fmt"

	"gorm.io/gorm"
)

// Querier runs a query: a pool, a connection or a transaction.
type Querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// EachRow calls scan for every row of a query. It returns an error of the query
// or of scan unwrapped, because drivers and GORM's translation would not
// recognize a wrapped one.
func EachRow(ctx context.Context, db Querier, query string, args []any, scan func(*sql.Rows) error) (err error) {
	found, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer CloseRows(found, &err)
	for found.Next() {
		if err := scan(found); err != nil {
			return err
		}
	}
	return found.Err()
}

// EachValues calls visit with the values of every row of a query. visit may keep
// the slice.
func EachValues(ctx context.Context, db Querier, query string, args []any, visit func([]any) error) error {
	var columns []string
	return EachRow(ctx, db, query, args, func(found *sql.Rows) (err error) {
		if columns == nil {
			if columns, err = found.Columns(); err != nil {
				return err
			}
		}
		row := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := found.Scan(into...); err != nil {
			return err
		}
		return visit(row)
	})
}

// CloseRows closes rows; defer it. It sets *err only if that is nil.
func CloseRows(found *sql.Rows, err *error) {
	if closing := found.Close(); *err == nil {
		*err = closing
	}
}

// TextValue returns a text that the database has returned, or nil for NULL. Other
// types are an error.
func TextValue(v any) (*string, error) {
	switch text := v.(type) {
	case nil:
		return nil, nil
	case string:
		return &text, nil
	case []byte:
		s := string(text)
		return &s, nil
	default:
		return nil, fmt.Errorf("expected a text, got %T", v)
	}
}

// ExecAll runs statements in order, and skips empty ones.
func ExecAll(ctx context.Context, pool gorm.ConnPool, statements []string) error {
	for _, statement := range statements {
		if statement == "" {
			continue
		}
		if _, err := pool.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}
