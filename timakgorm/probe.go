package timakgorm

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// probe asks what has become of one row.
type probe struct {
	table *table
	key   string // the primary key, a JSON object
	seen  func(probed)
}

// probed is what became of it: at one moment, the row's image, and whether the
// outbox held a change of it.
type probed struct {
	pk      string
	image   *string
	pending bool
}

// probeChunk is how many rows one statement asks for.
const probeChunk = 1000

// probe asks for rows, table by table.
func (p *Plugin) probe(ctx context.Context, probes []probe) error {
	byTable := map[*table][]probe{}
	for _, asked := range probes {
		byTable[asked.table] = append(byTable[asked.table], asked)
	}
	o, err := p.outbox()
	if err != nil {
		return err
	}
	for t, asked := range byTable {
		for chunk := range slices.Chunk(asked, probeChunk) {
			if err := t.probe(ctx, o.db, chunk); err != nil {
				return fmt.Errorf("timakgorm: look at rows of %s: %w", t.model.table, err)
			}
		}
	}
	return nil
}

// probe asks for rows of one table. Keys come from ids on timelines, too, and
// such a one may be what the database cannot even read: no row has it.
func (t *table) probe(ctx context.Context, db *sql.DB, asked []probe) error {
	err := t.probeAll(ctx, db, asked)
	switch {
	case !unreadable(err):
		return err
	case len(asked) == 1:
		asked[0].seen(probed{})
		return nil
	}
	middle := len(asked) / 2
	return errors.Join(t.probe(ctx, db, asked[:middle]), t.probe(ctx, db, asked[middle:]))
}

func (t *table) probeAll(ctx context.Context, db *sql.DB, asked []probe) (err error) {
	type element struct {
		Key json.RawMessage `json:"k"`
		N   int             `json:"n"`
	}
	elements := make([]element, len(asked))
	for n, one := range asked {
		elements[n] = element{json.RawMessage(one.key), n}
	}
	text, err := marshal(elements)
	if err != nil {
		return err
	}
	found, err := db.QueryContext(ctx, t.sql.probe, string(text), t.model.table)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	for found.Next() {
		var n int
		var saw probed
		if err := found.Scan(&n, &saw.pk, &saw.image, &saw.pending); err != nil {
			return err
		}
		asked[n].seen(saw)
	}
	return found.Err()
}

// stateOf returns the SQLSTATE of a Postgres error; empty if it has none.
func stateOf(err error) string {
	var known interface{ SQLState() string }
	if errors.As(err, &known) {
		return known.SQLState()
	}
	return ""
}

// unreadable reports whether Postgres found a value to be none of its type.
func unreadable(err error) bool { return strings.HasPrefix(stateOf(err), "22") }
