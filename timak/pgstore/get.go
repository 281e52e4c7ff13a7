package pgstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/timak-go/timak/timak/driver"
)

func (s *Store) get(ctx context.Context, key string) (driver.Object, error) {
	var r row
	scan := func(rows pgx.Rows) error { return r.scan(rows) }
	return s.object(ctx, key, &r, scan, s.sql.get, []byte(key))
}

func (s *Store) getPart(ctx context.Context, key string, length int) (obj driver.Object, whole bool, err error) {
	var r row
	cut := false
	scan := func(rows pgx.Rows) error { return r.scan(rows, &cut) }
	obj, err = s.object(ctx, key, &r, scan, s.sql.part, []byte(key), length)
	if cut {
		obj.Token = nil
	}
	return obj, !cut, err
}

// object returns what a query scans into r.
func (s *Store) object(ctx context.Context, key string, r *row, scan func(pgx.Rows) error, sql string, args ...any) (driver.Object, error) {
	if len(key) > MaxKeyLen {
		return driver.Object{}, fmt.Errorf("%w, got %d", ErrKey, len(key))
	}
	err := s.query(ctx, scan, sql, args...)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return driver.Object{}, nil
	case err != nil:
		return driver.Object{}, err
	case len(r.otherDots) != len(r.otherValues):
		return driver.Object{}, fmt.Errorf("%w: it has %d other dots and %d other values", ErrDamaged, len(r.otherDots), len(r.otherValues))
	}
	return driver.Object{Siblings: append(r.otherValues, r.value), Token: tokenOf(key, append(r.otherDots, r.dot))}, nil
}

// row is what is stored under a key.
type row struct {
	dot         dot
	value       []byte
	otherDots   []dot
	otherValues [][]byte
}

// scan reads a row, and the columns that follow it into more. It leaves out arrays that
// are NULL, as those of most rows are: even so pgx would take a while to see how to read
// them.
func (r *row) scan(rows pgx.Rows, more ...any) error {
	if raw := rows.RawValues(); raw[2] == nil && raw[3] == nil {
		return rows.Scan(append([]any{&r.dot, &r.value, nil, nil}, more...)...)
	}
	return rows.Scan(append([]any{&r.dot, &r.value, &r.otherDots, &r.otherValues}, more...)...)
}
