package timakgorm

import (
	"context"
	"encoding/json"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// DeadLetter is a row change that could not be applied: a timeline that refuses
// it, a row that is Unplaceable, or a store that failed time and again.
// The row itself is as it was committed; only its timelines miss the change.
type DeadLetter struct {
	ID      int64           // for Retry and Discard
	Table   string          // of the row
	PK      json.RawMessage // its primary key: a JSON array of the columns
	Version int64           // microseconds: about the time of the change
	Old     json.RawMessage // the columns that rules name, before the change; nil: the row was not to be seen; {}: nobody knows
	New     json.RawMessage // the same, after it
	Error   string          // why
	DiedAt  time.Time
}

// DeadLetterQuery says which dead letters are asked for. The zero query asks
// for the first hundred.
type DeadLetterQuery struct {
	Table string // of this table only; all for ""
	After int64  // with a greater ID: that of the last one seen
	Limit int    // at most so many, 1 to 10,000; 0 means 100
}

// DeadLetters returns dead letters in the order of their ids, which is about
// that of the changes. For those that follow, ask again with After.
func (p *Plugin) DeadLetters(ctx context.Context, query DeadLetterQuery) ([]DeadLetter, error) {
	o, err := p.outbox()
	if err != nil {
		return nil, err
	}
	found, err := o.Letters(ctx, outbox.LetterQuery(query))
	if err != nil {
		return nil, err
	}
	letters := make([]DeadLetter, len(found))
	for i, one := range found {
		letters[i] = DeadLetter(one)
	}
	return letters, nil
}

// Retry puts dead letters back into the outbox, to be applied once what was
// wrong is mended. Each keeps its version: whatever has happened to its row
// since and was applied stands, even where it has made the item fall off the end
// of its timeline. If one of the ids is unknown, it
// returns ErrNoDeadLetter and none is put back.
func (p *Plugin) Retry(ctx context.Context, ids ...int64) error {
	o, err := p.outbox()
	if err != nil {
		return err
	}
	if err := o.Retry(ctx, ids...); err != nil {
		return err
	}
	p.relay.Wake()
	return nil
}

// Discard deletes dead letters: their changes never reach the timelines, other
// than by a later change of the row or by a rebuild. If one of the ids is
// unknown, it returns ErrNoDeadLetter and none is deleted.
func (p *Plugin) Discard(ctx context.Context, ids ...int64) error {
	o, err := p.outbox()
	if err != nil {
		return err
	}
	return o.Discard(ctx, ids...)
}
