package timakgorm

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/timak-go/timak/timak"
)

// errRowLocked is why a row cannot be recorded anew for now.
var errRowLocked = errors.New("the row is locked by a transaction: it is recorded anew after that")

// anewChunk is how many rows are recorded anew in one transaction.
const anewChunk = 500

// recordAnew writes a change of each row as it is now, with a version of now, in
// place of changes that came so late that their removal may have been forgotten,
// or that an older program wrote. Where the row was before is unknown: those and
// others of its changes may still be on their way, with another relay. It has transactions of its own and waits for
// nobody's lock: a row that another transaction has locked is left for later,
// and delays no other.
func (p *Plugin) recordAnew(ctx context.Context, folds []*rowFold) (recorded []*rowFold, failed map[*rowFold]error) {
	failed = map[*rowFold]error{}
	tables := map[*table][]*rowFold{}
	for _, f := range folds {
		tables[f.table] = append(tables[f.table], f)
	}
	for t, folds := range tables {
		for chunk := range slices.Chunk(folds, anewChunk) {
			locked, err := p.recordChunk(ctx, t, chunk)
			for _, f := range chunk {
				switch {
				case err != nil:
					failed[f] = err
				case locked[f]:
					failed[f] = errRowLocked
				default:
					recorded = append(recorded, f)
				}
			}
		}
	}
	if len(recorded) > 0 {
		p.wake()
	}
	return recorded, failed
}

// recordAnew is Plugin.recordAnew for rows of the batch. One that was recorded anew
// already and came too late again is of a timeline whose horizon is ahead of the
// database's clock: it gets a version beyond that, as it would come too late for
// as long as it takes the clock to get there.
func (b *batch) recordAnew(ctx context.Context, folds []*rowFold) (recorded []*rowFold, failed map[*rowFold]error) {
	horizons := map[string]int64{}
	unread := map[*rowFold]error{}
	var ready []*rowFold
	for _, f := range folds {
		if err := b.raise(ctx, f, horizons); err != nil {
			unread[f] = err
			continue
		}
		ready = append(ready, f)
	}
	recorded, failed = b.plugin.recordAnew(ctx, ready)
	maps.Copy(failed, unread)
	return recorded, failed
}

// raise sets the floor of a row that was recorded anew already, by the horizons
// of timelines, of which it keeps what it has read.
func (b *batch) raise(ctx context.Context, f *rowFold, horizons map[string]int64) error {
	if old := f.last().old; old == nil || *old != unknownImage {
		return nil
	}
	for _, key := range b.stale[f] {
		if _, known := horizons[key]; !known {
			entries, err := b.plugin.timelines.Entries(ctx, key)
			if err != nil {
				return err
			}
			horizons[key] = entries.Version("", "") // there is no such entry, but its absence
		}
		f.floor = max(f.floor, min(horizons[key], timak.MaxVersion-2)+1)
	}
	return nil
}

// recordChunk records some rows of a table, and returns those that others have
// locked.
func (p *Plugin) recordChunk(ctx context.Context, t *table, folds []*rowFold) (locked map[*rowFold]bool, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("timakgorm: record %s anew: %w", t.model.table, err)
		}
	}()
	db, err := p.db.DB()
	if err != nil {
		return nil, err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	if locked, err = t.recordFree(ctx, tx, folds); err != nil {
		return nil, errors.Join(err, tx.Rollback())
	}
	return locked, tx.Commit()
}

// recordFree records the rows that are not locked, and returns the others.
func (t *table) recordFree(ctx context.Context, tx *sql.Tx, folds []*rowFold) (locked map[*rowFold]bool, err error) {
	wanted := &changes{}
	places := make([]int, len(folds))
	for i, f := range folds {
		key, err := f.key()
		if err != nil {
			return nil, err
		}
		if places[i], err = wanted.place(key); err != nil {
			return nil, err
		}
	}
	busy, err := t.lockFree(ctx, tx, wanted)
	if err != nil {
		return nil, err
	}
	locked = map[*rowFold]bool{}
	free, unknown := &changes{}, unknownImage
	for i, f := range folds {
		if row := wanted.rows[places[i]]; busy[string(row.Key)] {
			locked[f] = true
		} else {
			row.Old, row.Floor = &unknown, f.floor
			free.rows = append(free.rows, row)
		}
	}
	if len(free.rows) == 0 {
		return locked, nil
	}
	_, err = t.record(ctx, tx, free, time.Now())
	return locked, err
}

// lockFree locks those of the rows that nobody else has locked until the
// transaction ends, so that no change of them can be committed between reading
// them and drawing a version. It returns the keys of the rows that are there
// and that it could not lock.
func (t *table) lockFree(ctx context.Context, tx *sql.Tx, c *changes) (busy map[string]bool, err error) {
	if !t.dialect.lock {
		return nil, nil
	}
	keys := c.keys()
	query := "SELECT " + fmt.Sprintf(t.dialect.text, t.sql.key) + " FROM " + t.sql.from + " WHERE " + t.sql.many.narrow
	free, err := t.readKeys(ctx, tx, query+" FOR SHARE SKIP LOCKED", keys)
	if err != nil {
		return nil, err
	}
	busy, err = t.readKeys(ctx, tx, query, keys)
	for key := range free {
		delete(busy, key)
	}
	return busy, err
}

func (t *table) readKeys(ctx context.Context, tx *sql.Tx, query, among string) (keys map[string]bool, err error) {
	found, err := tx.QueryContext(ctx, t.dialect.bind(query), among)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	keys = map[string]bool{}
	for found.Next() {
		var text string
		if err := found.Scan(&text); err != nil {
			return nil, err
		}
		key, err := parseKey(text)
		if err != nil {
			return nil, err
		}
		plain, err := marshal(key)
		if err != nil {
			return nil, err
		}
		keys[string(plain)] = true
	}
	return keys, found.Err()
}

// key returns the primary key from the latest image.
func (f *rowFold) key() (rowKey, error) {
	text := f.last().new
	if text == nil {
		text = f.last().old
	}
	all, err := parseKey(*text)
	if err != nil {
		return nil, err
	}
	key := rowKey{}
	for _, field := range f.table.model.keys {
		key[field.DBName] = all[field.DBName]
	}
	return key, nil
}
