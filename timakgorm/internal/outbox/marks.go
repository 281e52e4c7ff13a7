package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
)

// A relay remembers the mark of a store that may lose what it has acknowledged (see
// driver.Marker) together with the changes that leave the outbox. Each relay has a row
// of its own. A row stands until somebody notes that it is lost.
//
// All marks that stand are in one store: who begins a row has asked its own store for all
// that stand, and notes in the same transaction those that are lost. Nobody settles
// without a row that stands. So of two programs with different stores one settles.

// Mark is a place in the history of a store. The zero Mark is not in the database.
type Mark struct {
	ID     int64
	Text   string // empty: before everything
	LostAt int64  // microseconds; 0: it stands
	Live   bool   // its relay has renewed it within MarkLife

	place string // of its row, when it was remembered last; see remember
}

// MarkLife is how long after it has renewed its mark a relay counts as one that runs.
// Relays that run renew theirs within a minute.
const MarkLife = 3 * time.Minute

// Keeper is the mark of a store that is no driver.Marker. Its relays have rows only in a
// database that has known another store.
const Keeper = "a store that keeps what it has acknowledged"

// ErrMarksChanged is returned to a relay whose row stands no longer, or that has not seen
// all rows that stand: it is to look again.
var ErrMarksChanged = errors.New("the marks of the store have changed meanwhile: expected none but those that this relay has seen; trying again")

// Marks returns all marks, and whether changes have ever left the outbox.
func (o *Outbox) Marks(ctx context.Context) (all []Mark, relayed bool, err error) {
	query := fmt.Sprintf(`SELECT c.high > 0, coalesce(m.id, 0), coalesce(m.mark, ''), coalesce(m.lost_at, 0), coalesce(m.renewed_at, 0) > %s - %d
		FROM (SELECT coalesce(max(high), 0) AS high FROM timak_clock) c LEFT JOIN timak_marks m ON 1 = 1 ORDER BY m.id`, o.now(), MarkLife.Microseconds())
	err = dialect.EachRow(ctx, o.DB, query, nil, func(found *sql.Rows) error {
		var m Mark
		err := found.Scan(&relayed, &m.ID, &m.Text, &m.LostAt, &m.Live)
		if m.ID > 0 {
			all = append(all, m)
		}
		return err
	})
	return all, relayed, explained(err)
}

// now is the database's clock in microseconds, the same for all programs.
func (o *Outbox) now() string {
	if o.dialect.Clock {
		return strconv.FormatInt(time.Now().UnixMicro(), 10)
	}
	return o.dialect.Micros()
}

// explained names what has failed; nil for no error.
func explained(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrMarksChanged):
		return fmt.Errorf("timakgorm: %w", err)
	}
	return fmt.Errorf("timakgorm: marks of the store (did timakgorm.Migrate run?): %w", err)
}

// Look is what a relay has learned when it asked a store for marks.
type Look struct {
	Own      Mark   // to remember, in the relay's row, or in a new one if it has no ID; with no text none
	Seen     int64  // the highest ID among all marks
	Kept     []Mark // these may go: Own is behind them
	Lost     []Mark // the store has them no longer
	Unmarked bool   // what was relayed, if there is no mark at all, is lost
	Apart    bool   // what this relay has settled without a mark is lost
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
		switch own = l.Own; {
		case own.Text == "":
			return nil
		case own.ID == 0:
			return o.begin(ctx, tx, &own, l.Seen)
		}
		return o.remember(ctx, tx, &own)
	})
	return own, lost, explained(err)
}

// ordered calls do in a transaction that waits at the clock's row first, as settling does.
func (o *Outbox) ordered(ctx context.Context, do func(tx *sql.Tx) error) error {
	tx, err := o.DB.BeginTx(ctx, o.dialect.UnderLocks())
	if err != nil {
		return err
	}
	if o.dialect.Lock {
		_, err = tx.ExecContext(ctx, "SELECT "+clockSettings)
	}
	if err == nil {
		err = o.raiseClock(ctx, tx, 0)
	}
	if err == nil {
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
		if err := note("UPDATE timak_marks SET lost_at = ? WHERE id = ? AND lost_at IS NULL", now, m.ID); err != nil {
			return 0, err
		}
	}
	if l.Unmarked {
		if err := note("INSERT INTO timak_marks (mark, lost_at) SELECT '', "+o.micros("?")+" WHERE NOT EXISTS (SELECT 1 FROM timak_marks)", now); err != nil {
			return 0, err
		}
	}
	if l.Apart {
		if err := note("INSERT INTO timak_marks (mark, lost_at) VALUES ('', ?)", now); err != nil {
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

// remember writes a mark to its relay's row. It returns ErrMarksChanged if that does not
// stand. On Postgres it finds the row by its place, if that is the same still: the index
// leads to all that the row has been, while that cannot be removed.
func (o *Outbox) remember(ctx context.Context, tx *sql.Tx, m *Mark) error {
	set := "UPDATE timak_marks SET mark = ?, renewed_at = " + o.now() + " WHERE id = ? AND lost_at IS NULL"
	if !o.dialect.Lock {
		return changed(tx.ExecContext(ctx, set, m.Text, m.ID))
	}
	const place = " RETURNING CAST(ctid AS text)"
	err := sql.ErrNoRows
	if m.place != "" {
		query := o.dialect.Bind(set + " AND ctid = CAST(CAST(? AS text) AS tid)" + place)
		err = tx.QueryRowContext(ctx, query, m.Text, m.ID, m.place).Scan(&m.place)
	}
	if errors.Is(err, sql.ErrNoRows) {
		err = tx.QueryRowContext(ctx, o.dialect.Bind(set+place), m.Text, m.ID).Scan(&m.place)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return ErrMarksChanged
	}
	return err
}

// begin writes a mark to a new row, and sets its ID. It returns ErrMarksChanged if a row
// stands that began after the last one that the relay has seen.
func (o *Outbox) begin(ctx context.Context, tx *sql.Tx, m *Mark, seen int64) error {
	err := tx.QueryRowContext(ctx, o.dialect.Bind("INSERT INTO timak_marks (mark, renewed_at) SELECT CAST(? AS text), "+o.now()+
		" WHERE NOT EXISTS (SELECT 1 FROM timak_marks WHERE id > ? AND lost_at IS NULL) RETURNING id"), m.Text, seen).Scan(&m.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrMarksChanged
	}
	return err
}

// changed returns ErrMarksChanged if a statement has changed no row.
func changed(result sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); n > 0 || err != nil {
		return err
	}
	return ErrMarksChanged
}

// Renew says that a mark's relay runs, though it cannot set another one now.
func (o *Outbox) Renew(ctx context.Context, m Mark) error {
	_, err := o.DB.ExecContext(ctx, o.dialect.Bind("UPDATE timak_marks SET renewed_at = "+o.now()+" WHERE id = ?"), m.ID)
	return explained(err)
}

// Forgive forgets lost marks, as the store holds everything again, and remembers own, if
// it has a row.
func (o *Outbox) Forgive(ctx context.Context, lost []Mark, own Mark) error {
	return explained(o.ordered(ctx, func(tx *sql.Tx) error {
		for _, m := range lost {
			if _, err := tx.ExecContext(ctx, o.dialect.Bind("DELETE FROM timak_marks WHERE id = ? AND lost_at IS NOT NULL"), m.ID); err != nil {
				return err
			}
		}
		if own.ID == 0 {
			return nil
		}
		return o.remember(ctx, tx, &own)
	}))
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
