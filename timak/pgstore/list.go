package pgstore

import (
	"context"
	"fmt"
	"iter"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/timak-go/timak/timak/internal/keys"
)

// Keys returns the keys that begin with prefix and come after the key after, in
// order; see driver.Lister. Each thousand is a query of its own, so no
// connection is held between them.
func (s *Store) Keys(ctx context.Context, prefix, after string) iter.Seq2[string, error] {
	return keys.List(prefix, after, func(from string) ([]string, error) {
		page, err := s.page(ctx, from)
		if err != nil {
			return nil, fmt.Errorf("pgstore: list %q: %w", prefix, explain(ctx, err))
		}
		return page, nil
	})
}

// page returns the next keys from a place on.
func (s *Store) page(ctx context.Context, from string) (page []string, err error) {
	err = s.withConn(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, s.sql.keys, []byte(from), keys.PageLen)
		if err != nil {
			return err
		}
		page, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (string, error) {
			var key []byte
			err := row.Scan(&key)
			return string(key), err
		})
		return err
	})
	return page, err
}
