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

// Probe asks what has become of one row.
type Probe struct {
	Table *dialect.Table
	Key   string // the primary key, a JSON object
	Seen  func(Probed)
}

// Probed is what became of it: at one moment, the row's image, and whether the
// outbox held a change of it.
type Probed struct {
	PK      string
	Image   *string
	Pending bool
}

// probeChunk is how many rows one statement asks for.
const probeChunk = 1000

// Probe asks for rows, table by table.
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

// probeRows asks for rows of one table. Keys come from ids on timelines, too, and
// such a one may be what the database cannot even read: no row has it.
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
