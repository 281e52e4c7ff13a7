package timakgorm

import (
	"context"
	"encoding/json"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// DeadLetter is a row change that could not be applied: a timeline refuses it,
// its row is Unplaceable, or the store failed repeatedly. The row itself is as it
// was committed; only its timelines miss the change.
type DeadLetter struct {
	ID      int64           // for Retry and Discard
	Table   string          // of the row
	PK      json.RawMessage // its primary key: a JSON array of the columns
	Version int64           // in microseconds; about the time of the change
	Old     json.RawMessage // the columns that rules name, before the change; nil: the row was absent or soft-deleted; {}: unknown
	New     json.RawMessage // the same, after the change
	Error   string          // why it could not be applied
	DiedAt  time.Time
}

// DeadLetterQuery selects dead letters. The zero query asks for the first
// hundred.
type DeadLetterQuery struct {
	Table string // only those of this table; "" means all tables
	After int64  // only those with a greater ID: the last one of the previous page
	Limit int    // at most this many, 1 to 10,000; 0 means 100
}

// DeadLetters returns dead letters ordered by ID, which is about the order of the
// changes. To get those that follow, ask again with After.
func (p *Plugin) DeadLetters(ctx context.Context, query DeadLetterQuery) ([]DeadLetter, error) {
	o, err := p.outbox()
	if err != nil {
		return nil, err
	}
	found, err := o.Letters(ctx, outbox.LetterQuery(query))
	if err != nil {
		return nil, outbox.Explain(err)
	}
	var letters []DeadLetter
	for _, one := range found {
		letters = append(letters, DeadLetter(one))
	}
	return letters, nil
}

// Retry puts dead letters back into the outbox. Call it when their cause has been
// corrected. Each keeps its version: a later change of its row that has been
// applied wins, even if that change has made the item fall off the end of its
// timeline. If one of the ids is unknown, Retry returns ErrNoDeadLetter and puts
// none back.
func (p *Plugin) Retry(ctx context.Context, ids ...int64) error {
	o, err := p.outbox()
	if err != nil {
		return err
	}
	if err := o.Retry(ctx, ids...); err != nil {
		return outbox.Explain(err)
	}
	p.relay.Wake()
	return nil
}

// Discard deletes dead letters. Their changes never reach the timelines, except
// by a later change of the row or by Rebuild. If one of the ids is unknown,
// Discard returns ErrNoDeadLetter and deletes none.
func (p *Plugin) Discard(ctx context.Context, ids ...int64) error {
	o, err := p.outbox()
	if err != nil {
		return err
	}
	return outbox.Explain(o.Discard(ctx, ids...))
}
