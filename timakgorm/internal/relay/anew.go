package relay

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
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
func (r *Relay) recordAnew(ctx context.Context, folds []*rowFold) (recorded []*rowFold, failed map[*rowFold]error) {
	failed = map[*rowFold]error{}
	tables := map[*dialect.Table][]*rowFold{}
	for _, f := range folds {
		tables[f.table] = append(tables[f.table], f)
	}
	for t, folds := range tables {
		for chunk := range slices.Chunk(folds, anewChunk) {
			locked, err := r.recordChunk(ctx, t, chunk)
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
		r.Wake()
	}
	return recorded, failed
}

// recordAnew is relay.recordAnew for rows of the batch. One that was recorded anew
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
	recorded, failed = b.relay.recordAnew(ctx, ready)
	maps.Copy(failed, unread)
	return recorded, failed
}

// raise sets the floor of a row that was recorded anew already, by the horizons
// of timelines, of which it keeps what it has read.
func (b *batch) raise(ctx context.Context, f *rowFold, horizons map[string]int64) error {
	if old := f.last().Old; old == nil || *old != outbox.UnknownImage {
		return nil
	}
	for _, key := range b.stale[f] {
		if _, known := horizons[key]; !known {
			entries, err := b.relay.timelines.Entries(ctx, key)
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
func (r *Relay) recordChunk(ctx context.Context, t *dialect.Table, folds []*rowFold) (locked map[*rowFold]bool, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("timakgorm: record %s anew: %w", t.Model.Table, err)
		}
	}()
	db, err := r.opts.DB()
	if err != nil {
		return nil, err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	if locked, err = recordFree(ctx, tx, t, folds); err != nil {
		return nil, errors.Join(err, tx.Rollback())
	}
	return locked, tx.Commit()
}

// recordFree records the rows that are not locked, and returns the others.
func recordFree(ctx context.Context, tx *sql.Tx, t *dialect.Table, folds []*rowFold) (locked map[*rowFold]bool, err error) {
	wanted := &outbox.Changes{}
	places := make([]int, len(folds))
	for i, f := range folds {
		key, err := f.key()
		if err != nil {
			return nil, err
		}
		if places[i], err = wanted.IndexOf(key); err != nil {
			return nil, err
		}
	}
	busy, err := outbox.LockAvailable(ctx, tx, t, wanted)
	if err != nil {
		return nil, err
	}
	locked = map[*rowFold]bool{}
	free, unknown := &outbox.Changes{}, outbox.UnknownImage
	for i, f := range folds {
		if row := wanted.Rows[places[i]]; busy[string(row.Key)] {
			locked[f] = true
		} else {
			row.Old, row.Floor = &unknown, f.floor
			free.Rows = append(free.Rows, row)
		}
	}
	if len(free.Rows) == 0 {
		return locked, nil
	}
	_, err = outbox.Record(ctx, tx, t, free, time.Now())
	return locked, err
}

// key returns the primary key from the latest image.
func (f *rowFold) key() (model.RowKey, error) {
	text := f.last().New
	if text == nil {
		text = f.last().Old
	}
	all, err := model.ParseKey(*text)
	if err != nil {
		return nil, err
	}
	key := model.RowKey{}
	for _, field := range f.table.Model.Keys {
		key[field.DBName] = all[field.DBName]
	}
	return key, nil
}
