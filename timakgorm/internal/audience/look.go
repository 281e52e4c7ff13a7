package audience

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// look is a transaction that reads rows under share locks, where there are any, and draws
// versions under them.
type look struct {
	tx      *sql.Tx
	dialect dialect.Dialect

	// careful says that a condition may hold a text that no column can have, such as one
	// that is not of an enum. Postgres ends a transaction for that.
	careful bool

	version int64 // the highest that was drawn
}

// lockTime is how long to wait for rows that writers hold: longer than most transactions
// take, and short, as the relay has other work. An error says so then
// (dialect.Contended).
const lockTime = "SET LOCAL lock_timeout = '100ms'"

// looking calls do with a transaction that reads rows as they are under its locks.
func looking(ctx context.Context, db *sql.DB, d dialect.Dialect, do func(*look) error) error {
	err := lookOnce(ctx, db, &look{dialect: d}, do)
	if dialect.Unreadable(err) {
		err = lookOnce(ctx, db, &look{dialect: d, careful: true}, do)
	}
	return err
}

func lookOnce(ctx context.Context, db *sql.DB, l *look, do func(*look) error) (err error) {
	if l.tx, err = db.BeginTx(ctx, l.dialect.UnderLocks()); err != nil {
		return err
	}
	if l.dialect.Lock {
		_, err = l.tx.ExecContext(ctx, lockTime)
	}
	if err == nil {
		err = do(l)
	}
	return l.end(ctx, err)
}

// end ends the transaction. A database whose clock is this program's is told of the
// version, so that no change which comes later gets a lower one.
func (l *look) end(ctx context.Context, err error) error {
	if err == nil && l.dialect.Clock && l.version > 0 {
		if err = outbox.Raise(ctx, l.tx, l.dialect, l.version+1); err == nil {
			return l.tx.Commit()
		}
	}
	return errors.Join(err, l.tx.Rollback()) // nothing was written
}

// each calls scan for every row of a query. In a careful look, one with a text that no
// column can have finds none.
func (l *look) each(ctx context.Context, query string, args []any, scan func(*sql.Rows) error) error {
	if !l.careful {
		return dialect.EachRow(ctx, l.tx, l.dialect.Bind(query), args, scan)
	}
	if _, err := l.tx.ExecContext(ctx, "SAVEPOINT timak_look"); err != nil {
		return err
	}
	err := dialect.EachRow(ctx, l.tx, l.dialect.Bind(query), args, scan)
	if dialect.Unreadable(err) {
		_, err = l.tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT timak_look")
	}
	return err
}

// share is what ends a query whose rows no writer may change until the look ends.
func (l *look) share() string {
	if l.dialect.Lock {
		return " FOR SHARE"
	}
	return ""
}

// reading names the table that could not be read; nil for no error.
func reading(what string, t *dialect.Table, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("timakgorm: %s in %s: %w", what, t.Model.Table, err)
}
