package timakgorm

import (
	"context"
	"errors"
	"fmt"
)

// deadRow is a row that Rebuild recorded anew and that no timeline took: its
// primary key as the outbox has it.
type deadRow struct {
	table *table
	pk    string
}

// lastID returns an id that all changes recorded from now on exceed.
func (o *outbox) lastID(ctx context.Context) (id int64, err error) {
	err = o.db.QueryRowContext(ctx, "SELECT coalesce(max(id), 0) FROM (SELECT max(id) AS id FROM timak_outbox UNION ALL SELECT max(id) FROM timak_dead) m").Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("timakgorm: read outbox: %w", err)
	}
	return id, nil
}

// diedSince returns the primary keys of rows whose changes, recorded after one,
// are dead letters.
func (o *outbox) diedSince(ctx context.Context, t *table, after int64) (pks []string, err error) {
	found, err := o.db.QueryContext(ctx, o.dialect.bind("SELECT DISTINCT pk FROM timak_dead WHERE tbl = ? AND id > ?"), t.model.table, after)
	if err != nil {
		return nil, fmt.Errorf("timakgorm: dead letters: %w", err)
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	for found.Next() {
		var pk string
		if err := found.Scan(&pk); err != nil {
			return nil, err
		}
		pks = append(pks, pk)
	}
	return pks, found.Err()
}

// forgetRepeats deletes the dead letters of rows that say only what a later one
// of the same row says too: that it is as it is. Rebuild leaves one of these, and
// not one a run. Those that say what was before are kept, as nothing else may
// know which timeline that was on.
func (o *outbox) forgetRepeats(ctx context.Context, t *table, pks []string) error {
	list, err := marshal(pks)
	if err != nil {
		return err
	}
	_, err = o.db.ExecContext(ctx, o.dialect.bind(`DELETE FROM timak_dead WHERE tbl = ? AND pk IN (`+o.dialect.names+`) AND old IS NULL
		AND EXISTS (SELECT 1 FROM timak_dead l WHERE l.tbl = timak_dead.tbl AND l.pk = timak_dead.pk AND l.id > timak_dead.id
			AND l.old IS NULL AND CAST(l.new AS text) = CAST(timak_dead.new AS text))`), t.model.table, string(list))
	if err != nil {
		return fmt.Errorf("timakgorm: dead letters: %w", err)
	}
	return nil
}
