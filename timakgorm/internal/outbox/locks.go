package outbox

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
)

// LockAvailable share-locks until the transaction ends those of the rows that no
// other transaction has locked. So none of their changes can be committed between
// reading them and drawing a version. It returns the keys of the existing rows that
// it could not lock. On SQLite it does nothing.
func LockAvailable(ctx context.Context, tx *sql.Tx, t *dialect.Table, c *Changes) (busy map[string]bool, err error) {
	if !t.Dialect.Lock {
		return nil, nil
	}
	keys := c.Keys()
	query := t.Dialect.Bind("SELECT " + fmt.Sprintf(t.Dialect.Text, t.SQL.Key) + " FROM " + t.SQL.From + " WHERE " + t.SQL.Many.Narrow)
	free, err := readKeys(ctx, tx, query+" FOR SHARE SKIP LOCKED", keys)
	if err != nil {
		return nil, err
	}
	busy, err = readKeys(ctx, tx, query, keys)
	for key := range free {
		delete(busy, key)
	}
	return busy, err
}

func readKeys(ctx context.Context, tx *sql.Tx, query, among string) (keys map[string]bool, err error) {
	keys = map[string]bool{}
	err = dialect.EachRow(ctx, tx, query, []any{among}, func(found *sql.Rows) error {
		var text string
		if err := found.Scan(&text); err != nil {
			return err
		}
		key, err := model.ParseKey(text)
		if err != nil {
			return err
		}
		plain, err := model.JSON(key)
		keys[string(plain)] = true
		return err
	})
	return keys, err
}
