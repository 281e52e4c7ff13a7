package hooks

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
)

// runCarried runs the statement in the form.
func (c *capture) runCarried(ctx context.Context, form *carriedForm) (*carried, error) {
	done, text := c.carriedText(form)
	if done.Error != nil {
		return nil, done.Error
	}
	found, err := c.ConnPool.QueryContext(ctx, text, done.Vars...)
	if err != nil {
		return nil, err
	}
	all, err := keep(found)
	if err != nil {
		return nil, err
	}
	c.unknown = true
	return form.read(all, c.target.Table.CarriedColumns())
}

// read takes what the statement has returned apart.
func (f *carriedForm) read(all *replay, ours int) (*carried, error) {
	if len(all.values) == 0 {
		return nil, errors.New("timakgorm: a statement that carries its record returned no row: expected one at least")
	}
	const facts = dialect.CarryFacts
	last := len(all.columns)
	if f.returns && len(f.users) == 0 {
		last -= ours
	}
	ran := &carried{}
	if f.returns {
		ran.all = &replay{columns: all.columns[facts:last]}
	}
	for _, row := range all.values {
		done := ran.done
		if err := ran.add(row[:facts]); err != nil {
			return nil, err
		}
		if f.returns && ran.done > done {
			ran.all.values = append(ran.all.values, row[facts:last])
		}
	}
	return ran, nil
}

// add adds the facts of a row.
func (r *carried) add(row []driver.Value) error {
	done, ok := row[3].(int64)
	recorded, is := row[4].(bool)
	current, was := row[2].(bool)
	if !ok || !is || !was {
		return fmt.Errorf("timakgorm: a statement that carries its record returned %v: expected numbers and booleans", row)
	}
	same, _ := row[0].(bool) // NULL, if there is no such table any more
	plain, _ := row[1].(bool)
	r.same, r.plain, r.current = same, plain, current
	r.done += done
	r.recorded = r.recorded || recorded
	return errors.Join(addCarriedRows(row[5], &r.unrecorded), addCarriedRows(row[6], &r.left))
}

func addCarriedRows(value driver.Value, into *[]dialect.CarriedRow) error {
	text, err := dialect.TextValue(value)
	if text == nil || err != nil {
		return err
	}
	var rows []dialect.CarriedRow
	if err := json.Unmarshal([]byte(*text), &rows); err != nil {
		return fmt.Errorf("timakgorm: rows that a statement has not recorded: %w", err)
	}
	*into = append(*into, rows...)
	return nil
}
