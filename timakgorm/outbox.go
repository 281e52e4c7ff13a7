package timakgorm

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"
)

// errNotInUse is returned by a relay without a database.
var errNotInUse = errors.New("timakgorm: the plugin is not in use: call db.Use(plugin) first")

// outbox is the relay's side of the outbox.
type outbox struct {
	db      *sql.DB
	dialect dialect
	tables  string // the tracked tables, as a JSON array
}

func (p *Plugin) outbox() (*outbox, error) {
	if p.db == nil {
		return nil, errNotInUse
	}
	db, err := p.db.DB()
	if err != nil {
		return nil, fmt.Errorf("timakgorm: %w", err)
	}
	names := make([]string, 0, len(p.tables))
	for name := range p.tables {
		names = append(names, name)
	}
	tables, err := marshal(names)
	return &outbox{db: db, dialect: p.dialect, tables: string(tables)}, err
}

// due returns the oldest changes, of tracked tables, whose time has come; of
// all times, if everything is asked for.
func (o *outbox) due(ctx context.Context, limit int, everything bool) (changes []rowChange, err error) {
	until := time.Now().UnixMicro()
	if everything {
		until = math.MaxInt64
	}
	found, err := o.db.QueryContext(ctx, o.dialect.bind(`SELECT id, version, tbl, pk, old, new, attempts
		FROM timak_outbox WHERE run_at <= ? AND tbl IN (`+o.dialect.names+`) ORDER BY id LIMIT ?`), until, o.tables, limit)
	if err != nil {
		return nil, fmt.Errorf("timakgorm: read outbox: %w", err)
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	for found.Next() {
		var c rowChange
		if err := found.Scan(&c.id, &c.version, &c.table, &c.pk, &c.old, &c.new, &c.attempts); err != nil {
			return nil, fmt.Errorf("timakgorm: read outbox: %w", err)
		}
		changes = append(changes, c)
	}
	return changes, found.Err()
}

// exec runs a statement written with ?.
func (o *outbox) exec(ctx context.Context, tx *sql.Tx, statement string, args ...any) error {
	_, err := tx.ExecContext(ctx, o.dialect.bind(statement), args...)
	return err
}

// forget deletes changes, whose versions later ones of their rows still exceed.
func (o *outbox) forget(ctx context.Context, tx *sql.Tx, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	list, err := marshal(ids)
	if err != nil {
		return err
	}
	which := "id IN (" + o.dialect.ids + ")"
	err = o.exec(ctx, tx, `UPDATE timak_clock SET high = h.version
		FROM (SELECT max(version) AS version FROM timak_outbox WHERE `+which+`) h WHERE high < h.version`, list)
	if err != nil {
		return err
	}
	return o.exec(ctx, tx, "DELETE FROM timak_outbox WHERE "+which, list)
}

// bury moves changes to the dead letters.
func (o *outbox) bury(ctx context.Context, tx *sql.Tx, ids []int64, reason error) error {
	list, err := marshal(ids)
	if err != nil {
		return err
	}
	err = o.exec(ctx, tx, `INSERT INTO timak_dead (id, version, tbl, pk, old, new, error)
		SELECT id, version, tbl, pk, old, new, CAST(? AS text) FROM timak_outbox WHERE id IN (`+o.dialect.ids+`)
		ON CONFLICT (id) DO NOTHING`, reason.Error(), list) // another relay may have buried them
	if err != nil {
		return err
	}
	return o.forget(ctx, tx, ids)
}

// putOff has changes tried again at a later time.
func (o *outbox) putOff(ctx context.Context, tx *sql.Tx, ids []int64, until time.Time, attempts int, reason error) error {
	list, err := marshal(ids)
	if err != nil {
		return err
	}
	return o.exec(ctx, tx, `UPDATE timak_outbox SET run_at = ?, attempts = ?, error = ? WHERE id IN (`+o.dialect.ids+`)`,
		until.UnixMicro(), attempts, reason.Error(), list)
}
