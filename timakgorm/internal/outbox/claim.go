package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
)

// Two relays may hold the same change, and one of them may be slow, or die between two
// writes. What a relay removes with a version must then be put back by somebody. So a
// relay claims changes with the version, and a change leaves the outbox only by the relay
// with the highest claim: nobody removes anything with a higher version after that. A
// claim that is given back is negative.

// claimFor is how long other relays leave a claimed change to the one that has claimed it.
const claimFor = time.Second

// claimed is a change and the version with which it was claimed.
type claimed struct {
	ID    int64 `json:"id"`
	Claim int64 `json:"claim"`
}

// Claim draws a version, which t's database does, and claims the changes of some rows with
// it. It reports which rows it has claimed: not those with changes that have left the
// outbox, or that another relay has claimed just now.
func (o *Outbox) Claim(ctx context.Context, t *dialect.Table, rows [][]int64) (version int64, ours []bool, err error) {
	tx, err := o.DB.BeginTx(ctx, o.dialect.UnderLocks())
	if err != nil {
		return 0, nil, fmt.Errorf("timakgorm: claim changes: %w", err)
	}
	if version, ours, err = o.claimIn(ctx, tx, t, rows); err == nil {
		err = tx.Commit()
	} else {
		err = errors.Join(err, tx.Rollback())
	}
	if err != nil {
		return 0, nil, fmt.Errorf("timakgorm: claim changes: %w", err)
	}
	return version, ours, nil
}

// claimIn waits at the clock's row first, as settling does: so neither deadlocks, and
// nobody claims or settles anything meanwhile.
func (o *Outbox) claimIn(ctx context.Context, tx *sql.Tx, t *dialect.Table, rows [][]int64) (version int64, ours []bool, err error) {
	if o.dialect.Lock {
		if _, err := tx.ExecContext(ctx, settleSettings); err != nil {
			return 0, nil, err
		}
	}
	if err := o.raiseClock(ctx, tx, 0); err != nil {
		return 0, nil, err
	}
	if version, err = Draw(ctx, tx, t, time.Now()); err != nil {
		return 0, nil, err
	}
	free, err := o.unclaimed(ctx, tx, slices.Concat(rows...), version-claimFor.Microseconds())
	if err != nil {
		return 0, nil, err
	}
	var all []int64
	ours = make([]bool, len(rows))
	for n, ids := range rows {
		if ours[n] = !slices.ContainsFunc(ids, func(id int64) bool { return !free[id] }); ours[n] {
			all = append(all, ids...)
		}
	}
	err = exec(ctx, o, tx, all, fmt.Sprintf("UPDATE timak_outbox SET claim = %d WHERE %s", version, o.isOneOf("id")))
	return version, ours, errors.Join(err, o.raiseClock(ctx, tx, version))
}

// unclaimed returns those changes that were not claimed since a version.
func (o *Outbox) unclaimed(ctx context.Context, tx *sql.Tx, ids []int64, since int64) (free map[int64]bool, err error) {
	list, err := model.JSON(ids)
	if err != nil {
		return nil, err
	}
	free = map[int64]bool{}
	query := "SELECT id FROM timak_outbox WHERE " + o.isOneOf("id") + " AND coalesce(claim, 0) < ?"
	return free, dialect.EachRow(ctx, tx, o.dialect.Bind(query), []any{string(list), since}, func(found *sql.Rows) error {
		var id int64
		err := found.Scan(&id)
		free[id] = true
		return err
	})
}

// held is a FROM item f of the claims in a parameter.
func (o *Outbox) held() string {
	if o.dialect.Numbered {
		return "jsonb_to_recordset(CAST(CAST(? AS text) AS jsonb)) AS f(id bigint, claim bigint)"
	}
	return `(SELECT json_extract(value, '$.id') AS id, json_extract(value, '$.claim') AS claim FROM json_each(?)) f`
}

// lost returns the changes of a settlement that other relays have claimed since.
func (o *Outbox) lost(ctx context.Context, tx *sql.Tx, s Settlement) (ids map[int64]bool, err error) {
	if len(s.Claims) == 0 {
		return nil, nil
	}
	text, err := model.JSON(s.claimed())
	if err != nil {
		return nil, err
	}
	ids = map[int64]bool{}
	query := "SELECT o.id FROM " + o.held() + " JOIN timak_outbox o ON o.id = f.id WHERE abs(o.claim) <> f.claim AND " + o.isOf("o.id", o.held())
	err = dialect.EachRow(ctx, tx, o.dialect.Bind(query), repeated(text, query), func(found *sql.Rows) error {
		var id int64
		err := found.Scan(&id)
		ids[id] = true
		return err
	})
	return ids, err
}

// giveBack lets other relays claim what stays in the outbox.
func (o *Outbox) giveBack(ctx context.Context, tx *sql.Tx, s Settlement) error {
	return exec(ctx, o, tx, s.claimed(), "UPDATE timak_outbox SET claim = -f.claim FROM "+o.held()+" WHERE timak_outbox.id = f.id AND timak_outbox.claim = f.claim AND "+
		o.isOf("timak_outbox.id", o.held()))
}

// claimed returns the claims as a list.
func (s Settlement) claimed() (all []claimed) {
	for id, claim := range s.Claims {
		all = append(all, claimed{id, claim})
	}
	return all
}

// part returns a settlement of some of the changes that are done.
func (s Settlement) part(done []int64) Settlement {
	part := Settlement{Done: done, high: s.high, Mark: s.Mark}
	for _, id := range done {
		if claim := s.Claims[id]; claim > 0 {
			if part.Claims == nil {
				part.Claims = map[int64]int64{}
			}
			part.Claims[id] = claim
		}
	}
	return part
}
