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

// EachRow calls scan with every row of a query. An error of the query, or of scan,
// is returned as it is: inside of another, drivers and GORM's translation would not
// know it.
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

// EachValues calls visit with the values of every row of a query.
func EachValues(ctx context.Context, db Querier, query string, args []any, visit func([]any) error) error {
	return EachRow(ctx, db, query, args, func(found *sql.Rows) error {
		columns, err := found.Columns()
		if err != nil {
			return err
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

// CloseRows closes rows, to be deferred. What had failed before stays the error.
func CloseRows(found *sql.Rows, err *error) {
	if closing := found.Close(); *err == nil {
		*err = closing
	}
}

// TextValue returns a text of the database's; nil for NULL.
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

// ExecAll runs statements one after another; empty ones count for nothing.
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
