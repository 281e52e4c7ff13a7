package hooks

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
)

// runCarried runs a statement that carries its record.
func (c *capture) runCarried(ctx context.Context, text carriedText, vars []any) (*carried, error) {
	found, err := c.ConnPool.QueryContext(ctx, text.sql, vars...)
	if err != nil {
		return nil, err
	}
	if !text.form.returns {
		ran, err := readFacts(found)
		c.unknown = err == nil
		return ran, err
	}
	all, err := keep(found)
	if err != nil {
		return nil, err
	}
	c.unknown = true
	return text.form.read(all, c.target.Table.CarriedColumns())
}

// readFacts reads what a statement has returned that returns no rows of the user's.
func readFacts(found *sql.Rows) (ran *carried, err error) {
	defer dialect.CloseRows(found, &err)
	ran = &carried{}
	for found.Next() {
		var facts carriedFacts
		if err := found.Scan(&facts.table, &facts.done, &facts.recorded, &facts.unrecorded, &facts.left); err != nil {
			return nil, err
		}
		if err := ran.add(facts); err != nil {
			return nil, err
		}
	}
	if err = found.Err(); err == nil && ran.table == "" {
		err = errNoFacts
	}
	return ran, err
}

var errNoFacts = errors.New("timakgorm: a statement that carries its record returned no row: expected one at least")

// read takes apart what a statement has returned that returns rows of the user's.
func (f *carriedForm) read(all *replay, ours int) (*carried, error) {
	if len(all.values) == 0 {
		return nil, errNoFacts
	}
	const facts = dialect.CarryFacts
	last := len(all.columns)
	if len(f.users) == 0 {
		last -= ours
	}
	ran := &carried{all: &replay{columns: all.columns[facts:last]}}
	for _, row := range all.values {
		found, err := factsOf(row)
		if err == nil {
			err = ran.add(found)
		}
		if err != nil {
			return nil, err
		}
		if found.done > 0 {
			ran.all.values = append(ran.all.values, row[facts:last])
		}
	}
	return ran, nil
}

// carriedFacts are the facts that a statement returns: see dialect.CarryFacts.
type carriedFacts struct {
	table            string
	done             int64
	recorded         bool
	unrecorded, left *string
}

// factsOf returns the facts at the beginning of a row.
func factsOf(row []driver.Value) (f carriedFacts, err error) {
	table, errTable := dialect.TextValue(row[0])
	var isDone, isRecorded bool
	f.done, isDone = row[1].(int64)
	f.recorded, isRecorded = row[2].(bool)
	if !isDone || !isRecorded || table == nil || errTable != nil {
		return f, fmt.Errorf("timakgorm: a statement that carries its record returned %v: expected a text, a number and a boolean", row)
	}
	f.table = *table
	var errRows error
	f.unrecorded, err = dialect.TextValue(row[3])
	f.left, errRows = dialect.TextValue(row[4])
	return f, errors.Join(err, errRows)
}

// add adds the facts of a row.
func (r *carried) add(facts carriedFacts) error {
	r.table = dialect.CarriedTable(facts.table)
	r.done += facts.done
	r.recorded = r.recorded || facts.recorded
	return errors.Join(addCarriedRows(facts.unrecorded, &r.unrecorded), addCarriedRows(facts.left, &r.left))
}

func addCarriedRows(text *string, into *[]dialect.CarriedRow) error {
	if text == nil {
		return nil
	}
	var rows []dialect.CarriedRow
	if err := json.Unmarshal([]byte(*text), &rows); err != nil {
		return fmt.Errorf("timakgorm: rows that a statement has not recorded: %w", err)
	}
	*into = append(*into, rows...)
	return nil
}
