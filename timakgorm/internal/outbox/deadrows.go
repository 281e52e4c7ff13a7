package outbox

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
)

// LastID returns an id; every change recorded from now on has a greater one.
func (o *Outbox) LastID(ctx context.Context) (id int64, err error) {
	const highest = "SELECT coalesce(max(id), 0) FROM (SELECT max(id) AS id FROM timak_outbox UNION ALL SELECT max(id) FROM timak_dead) m"
	err = o.DB.QueryRowContext(ctx, o.dialect.Drawn("", highest)).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("timakgorm: read outbox: %w", err)
	}
	return id, nil
}

// DiedSince returns the primary keys of the rows of t whose changes, recorded after
// the change with id after, are dead letters.
func (o *Outbox) DiedSince(ctx context.Context, t *dialect.Table, after int64) (pks []string, err error) {
	err = dialect.EachRow(ctx, o.DB, o.dialect.Bind("SELECT DISTINCT pk FROM timak_dead WHERE tbl = ? AND id > ?"), []any{t.Model.Table, after}, func(found *sql.Rows) error {
		var pk string
		err := found.Scan(&pk)
		pks = append(pks, pk)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("timakgorm: dead letters: %w", err)
	}
	return pks, nil
}

// ForgetRepeats deletes the dead letters that only repeat a later one of the same
// row: no old image, and the same new image. So repeated runs of Rebuild leave one
// dead letter a row. Those with an old image are kept, as nothing else may know
// which timelines the row was on.
func (o *Outbox) ForgetRepeats(ctx context.Context, t *dialect.Table, pks []string) error {
	list, err := model.JSON(pks)
	if err != nil {
		return err
	}
	_, err = o.DB.ExecContext(ctx, o.dialect.Bind(`DELETE FROM timak_dead WHERE tbl = ? AND pk IN (`+o.dialect.Names+`) AND old IS NULL
		AND EXISTS (SELECT 1 FROM timak_dead l WHERE l.tbl = timak_dead.tbl AND l.pk = timak_dead.pk AND l.id > timak_dead.id
			AND l.old IS NULL AND CAST(l.new AS text) = CAST(timak_dead.new AS text))`), t.Model.Table, string(list))
	if err != nil {
		return fmt.Errorf("timakgorm: dead letters: %w", err)
	}
	return nil
}
