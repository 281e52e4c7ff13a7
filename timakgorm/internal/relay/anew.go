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

// errRowLocked is returned for a row that cannot be recorded anew now.
var errRowLocked = errors.New("a transaction has locked the row: it will be recorded anew when that has ended")

// anewChunk is how many rows are recorded anew in one transaction.
const anewChunk = 500

// recordAnew records each row as it is now, with a new version, in place of changes
// that came so late that their removal may have been forgotten, or that an older
// program wrote. Where the row was before is unknown, as another relay may still be
// applying these or other changes of it. recordAnew uses its own transactions and
// waits for no lock: a row that another transaction has locked fails with
// errRowLocked and delays no other row.
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

// recordAnew is Relay.recordAnew for rows of the batch. If a row that was recorded
// anew came too late again, the horizon of its timeline is ahead of the database's
// clock. It gets a version above the horizon, as it would come too late until the
// clock has passed that.
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

// raise sets the least version of a row that was recorded anew already above the horizons of
// its timelines. It caches these in horizons, by key.
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
			horizons[key] = entries.Version("", "") // an entry that is absent, and so dead at the horizon
		}
		f.least = max(f.least, min(horizons[key], timak.MaxVersion-2)+1)
	}
	return nil
}

// recordChunk records some rows of a table, and returns those that others have
// locked.
func (r *Relay) recordChunk(ctx context.Context, t *dialect.Table, folds []*rowFold) (locked map[*rowFold]bool, err error) {
	db, err := r.opts.DB()
	if err != nil {
		return nil, err
	}
	tx, err := db.BeginTx(ctx, t.Dialect.UnderLocks())
	if err != nil {
		return nil, recordingAnew(t, err)
	}
	if locked, err = recordFree(ctx, tx, t, folds); err != nil {
		return nil, errors.Join(err, tx.Rollback())
	}
	return locked, recordingAnew(t, tx.Commit())
}

// recordingAnew names what has failed; nil for no error.
func recordingAnew(t *dialect.Table, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("timakgorm: record %s anew: %w", t.Model.Table, err)
}

// recordFree records the rows that are not locked, and returns the others.
func recordFree(ctx context.Context, tx *sql.Tx, t *dialect.Table, folds []*rowFold) (locked map[*rowFold]bool, err error) {
	locked, free, err := lockAvailable(ctx, tx, t, folds)
	if err != nil {
		return nil, recordingAnew(t, err)
	}
	if len(free.Rows) == 0 {
		return locked, nil
	}
	_, err = outbox.Record(ctx, tx, t, free, time.Now()) // its error has a name
	return locked, err
}

// lockAvailable locks the rows that are free, and returns those that others have locked
// and the changes of the free ones.
func lockAvailable(ctx context.Context, tx *sql.Tx, t *dialect.Table, folds []*rowFold) (locked map[*rowFold]bool, free *outbox.Changes, err error) {
	wanted := &outbox.Changes{}
	places := make([]int, len(folds))
	for i, f := range folds {
		key, err := f.key()
		if err != nil {
			return nil, nil, err
		}
		if places[i], err = wanted.IndexOf(key); err != nil {
			return nil, nil, err
		}
	}
	busy, err := outbox.LockAvailable(ctx, tx, t, wanted)
	if err != nil {
		return nil, nil, err
	}
	locked, free = map[*rowFold]bool{}, &outbox.Changes{}
	unknown := outbox.UnknownImage
	for i, f := range folds {
		if row := wanted.Rows[places[i]]; busy[string(row.Key)] {
			locked[f] = true
		} else {
			row.Old, row.Least = &unknown, f.least
			free.Rows = append(free.Rows, row)
		}
	}
	return locked, free, nil
}

// key returns the primary key, which is in the latest image.
func (f *rowFold) key() (model.RowKey, error) {
	text := f.last().New
	if text == nil {
		text = f.last().Old
	}
	return f.table.Model.KeyIn(*text)
}
