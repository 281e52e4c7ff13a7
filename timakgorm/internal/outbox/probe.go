package outbox

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
)

// Probe asks for the current state of one row.
type Probe struct {
	Table *dialect.Table
	Key   string       // the primary key, a JSON object
	Seen  func(Probed) // gets the answer
}

// Probed is the state of a row at one moment. The zero Probed is that of a row that
// cannot exist.
type Probed struct {
	PK      string  // the primary key as the outbox has it
	Image   *string // nil if the row is absent or soft-deleted
	Pending bool    // the outbox holds a change of the row
}

// probeChunk is how many rows one statement asks for.
const probeChunk = 1000

// Probe answers probes, table by table.
func (o *Outbox) Probe(ctx context.Context, probes []Probe) error {
	byTable := map[*dialect.Table][]Probe{}
	for _, asked := range probes {
		byTable[asked.Table] = append(byTable[asked.Table], asked)
	}
	for t, asked := range byTable {
		for chunk := range slices.Chunk(asked, probeChunk) {
			if err := o.probeRows(ctx, t, chunk); err != nil {
				return fmt.Errorf("timakgorm: look at rows of %s: %w", t.Model.Table, err)
			}
		}
	}
	return nil
}

// probeRows asks for rows of one table. Some keys come from ids on timelines, which
// the database may be unable to read as a key: no row has such a key. Halving the
// list finds them.
func (o *Outbox) probeRows(ctx context.Context, t *dialect.Table, asked []Probe) error {
	err := o.probeAll(ctx, t, asked)
	switch {
	case !dialect.Unreadable(err):
		return err
	case len(asked) == 1:
		asked[0].Seen(Probed{})
		return nil
	}
	middle := len(asked) / 2
	return errors.Join(o.probeRows(ctx, t, asked[:middle]), o.probeRows(ctx, t, asked[middle:]))
}

func (o *Outbox) probeAll(ctx context.Context, t *dialect.Table, asked []Probe) error {
	type element struct {
		Key json.RawMessage `json:"k"`
		N   int             `json:"n"`
	}
	elements := make([]element, len(asked))
	for n, one := range asked {
		elements[n] = element{Key: json.RawMessage(one.Key), N: n}
	}
	text, err := model.JSON(elements)
	if err != nil {
		return err
	}
	return dialect.EachRow(ctx, o.DB, t.SQL.Probe, []any{string(text), t.Model.Table}, func(found *sql.Rows) error {
		var n int
		var saw Probed
		if err := found.Scan(&n, &saw.PK, &saw.Image, &saw.Pending); err != nil {
			return err
		}
		asked[n].Seen(saw)
		return nil
	})
}
