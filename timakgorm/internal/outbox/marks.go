package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
)

// A relay remembers the mark of a store that may lose what it has acknowledged (see
// driver.Marker) together with the changes that leave the outbox. Each relay has a row
// of its own. Whoever has asked the store for all marks, and set one behind them, may
// replace them all by that: so the marks of relays that have ended stay nobody's.

// Mark is a place in the history of a store. The zero Mark is not in the database.
type Mark struct {
	ID     int64
	Text   string // empty: before everything
	LostAt int64  // microseconds; 0: it is kept, as far as anybody knows
}

// ErrOtherStore is returned where the store has a mark that another program could not find
// in its own.
var ErrOtherStore = errors.New("another program relays the changes of this database to another store, or to a master that this one does not know: " +
	"expected the same store for all")

// Marks returns all marks, and whether changes have ever left the outbox.
func (o *Outbox) Marks(ctx context.Context) (all []Mark, relayed bool, err error) {
	query := `SELECT c.high > 0, coalesce(m.id, 0), coalesce(m.mark, ''), coalesce(m.lost_at, 0)
		FROM (SELECT coalesce(max(high), 0) AS high FROM timak_clock) c LEFT JOIN timak_marks m ON 1 = 1 ORDER BY m.id`
	err = dialect.EachRow(ctx, o.DB, query, nil, func(found *sql.Rows) error {
		var m Mark
		err := found.Scan(&relayed, &m.ID, &m.Text, &m.LostAt)
		if m.ID > 0 {
			all = append(all, m)
		}
		return err
	})
	return all, relayed, explained(err)
}

// explained names what has failed; nil for no error.
func explained(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("timakgorm: marks of the store (did timakgorm.Migrate run?): %w", err)
}

// Look is what a relay has learned when it asked a store for marks.
type Look struct {
	Own      Mark   // to remember, in the relay's row if it has one; with no text none
	Kept     []Mark // these may go: Own is behind them
	Lost     []Mark // the store has them no longer
	Unmarked bool   // what was relayed, if there is no mark at all, is lost
}

// Learn notes what a relay has learned. It returns the mark that it has remembered, and
// how many marks it has found to be lost before anybody else did. Then changes of which a
// part was done begin anew, as that part may be lost.
func (o *Outbox) Learn(ctx context.Context, l Look) (own Mark, lost int64, err error) {
	err = o.ordered(ctx, func(tx *sql.Tx) error {
		if lost, err = o.noteLost(ctx, tx, l); err != nil {
			return err
		}
		for _, m := range l.Kept {
			if _, err := tx.ExecContext(ctx, o.dialect.Bind("DELETE FROM timak_marks WHERE id = ? AND mark = ? AND lost_at IS NULL"), m.ID, m.Text); err != nil {
				return err
			}
		}
		if own = l.Own; own.Text == "" {
			return nil
		}
		return o.remember(ctx, tx, &own)
	})
	return own, lost, explained(err)
}

// ordered calls do in a transaction that waits at the clock's row first, as settling does.
func (o *Outbox) ordered(ctx context.Context, do func(tx *sql.Tx) error) error {
	tx, err := o.DB.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err = o.raiseClock(ctx, tx, 0); err == nil {
		err = do(tx)
	}
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// noteLost notes marks that are lost, and returns how many of them are news.
func (o *Outbox) noteLost(ctx context.Context, tx *sql.Tx, l Look) (news int64, err error) {
	now := time.Now().UnixMicro()
	note := func(statement string, args ...any) error {
		noted, err := tx.ExecContext(ctx, o.dialect.Bind(statement), args...)
		if err != nil {
			return err
		}
		n, err := noted.RowsAffected()
		news += n
		return err
	}
	for _, m := range l.Lost {
		if err := note("UPDATE timak_marks SET lost_at = ? WHERE id = ? AND mark = ? AND lost_at IS NULL", now, m.ID, m.Text); err != nil {
			return 0, err
		}
	}
	if l.Unmarked {
		if err := note("INSERT INTO timak_marks (mark, lost_at) SELECT '', "+o.micros("?")+" WHERE NOT EXISTS (SELECT 1 FROM timak_marks)", now); err != nil {
			return 0, err
		}
	}
	if news > 0 {
		_, err = tx.ExecContext(ctx, "UPDATE timak_outbox SET progress = NULL WHERE progress IS NOT NULL")
	}
	return news, err
}

// micros gives a parameter its type where no column does.
func (o *Outbox) micros(parameter string) string { return "CAST(" + parameter + " AS bigint)" }

// remember writes a mark to its relay's row, or to a new one, and sets its ID. It returns
// ErrOtherStore if somebody could not find the mark that was there before.
func (o *Outbox) remember(ctx context.Context, tx *sql.Tx, m *Mark) error {
	if m.ID > 0 {
		renewed, err := tx.ExecContext(ctx, o.dialect.Bind("UPDATE timak_marks SET mark = ? WHERE id = ? AND lost_at IS NULL"), m.Text, m.ID)
		if err != nil {
			return err
		}
		if n, err := renewed.RowsAffected(); n > 0 || err != nil {
			return err
		}
		var lost bool
		err = tx.QueryRowContext(ctx, o.dialect.Bind("SELECT EXISTS (SELECT 1 FROM timak_marks WHERE id = ?)"), m.ID).Scan(&lost)
		if lost && err == nil {
			err = ErrOtherStore
		}
		if err != nil {
			return err
		}
	}
	return tx.QueryRowContext(ctx, o.dialect.Bind("INSERT INTO timak_marks (mark) VALUES (?) RETURNING id"), m.Text).Scan(&m.ID)
}

// Forgive forgets lost marks, as the store holds everything again, and remembers own, if
// it has a text.
func (o *Outbox) Forgive(ctx context.Context, lost []Mark, own Mark) (Mark, error) {
	err := o.ordered(ctx, func(tx *sql.Tx) error {
		for _, m := range lost {
			if _, err := tx.ExecContext(ctx, o.dialect.Bind("DELETE FROM timak_marks WHERE id = ? AND lost_at IS NOT NULL"), m.ID); err != nil {
				return err
			}
		}
		if own.Text == "" {
			return nil
		}
		return o.remember(ctx, tx, &own)
	})
	return own, explained(err)
}

// LostSince returns since when the store is known to lack what it has lost; the zero time
// if it does not.
func (o *Outbox) LostSince(ctx context.Context) (time.Time, error) {
	var at sql.NullInt64
	err := o.DB.QueryRowContext(ctx, "SELECT min(lost_at) FROM timak_marks").Scan(&at)
	if err != nil || !at.Valid {
		return time.Time{}, explained(err)
	}
	return time.UnixMicro(at.Int64), nil
}

// ClaimRebuild reports whether the caller may rebuild the store for so long: something is
// lost, and nobody else rebuilds it.
func (o *Outbox) ClaimRebuild(ctx context.Context, patience time.Duration) (bool, error) {
	now := time.Now()
	return o.setRebuild(ctx, now.Add(patience), "rebuild_until < ? AND NOT EXISTS (SELECT 1 FROM timak_marks o WHERE o.rebuild_until >= ?)", now.UnixMicro(), now.UnixMicro())
}

// ProlongRebuild lets the caller go on with a rebuild for so long; 0 ends it.
func (o *Outbox) ProlongRebuild(ctx context.Context, patience time.Duration) error {
	_, err := o.setRebuild(ctx, time.Now().Add(patience), "rebuild_until > 0")
	return err
}

func (o *Outbox) setRebuild(ctx context.Context, until time.Time, condition string, args ...any) (bool, error) {
	set, err := o.DB.ExecContext(ctx, o.dialect.Bind("UPDATE timak_marks SET rebuild_until = ? WHERE lost_at IS NOT NULL AND "+condition),
		append([]any{until.UnixMicro()}, args...)...)
	if err != nil {
		return false, explained(err)
	}
	n, err := set.RowsAffected()
	return n > 0, explained(err)
}
