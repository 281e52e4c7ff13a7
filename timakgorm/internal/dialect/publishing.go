package dialect

import (
	"context"
	"slices"
	"sync"

	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// columnTypes are the types of a table's columns in Postgres, by name. They are read when
// they are first needed: what the model states may be wrong.
type columnTypes struct {
	mu    sync.Mutex
	roots map[string]string
}

// typeOf returns the type of a column, without its domains; empty if it is unknown, as on
// SQLite.
func (t *Table) typeOf(ctx context.Context, db Querier, name string) (string, error) {
	if !t.Dialect.Lock {
		return "", nil
	}
	t.types.mu.Lock()
	defer t.types.mu.Unlock()
	if t.types.roots == nil {
		columns, err := ReadColumns(ctx, db, t.Model, sqltext.QuoteName(t.Model.Table))
		if err != nil {
			return "", err
		}
		t.types.roots = map[string]string{}
		for _, c := range columns {
			t.types.roots[c.Name] = c.Root
		}
	}
	return t.types.roots[name], nil
}

// inOrder are the types that the database orders as timelines order dates.
var inOrder = []string{"date", "timestamp", "timestamptz", "int2", "int4", "int8", "oid", "numeric"}

// Publishing returns the conditions that a row must meet for a rule to place it: it has a
// date, is not soft-deleted, and what the rule's when= says, if that is a bool. ordered says
// that the database orders rows by their dates as a timeline does; otherwise all rows must
// be read.
func (t *Table) Publishing(ctx context.Context, db Querier, r model.Rule) (conditions []string, ordered bool, err error) {
	date, err := t.typeOf(ctx, db, r.Date().DBName)
	if err != nil || !slices.Contains(inOrder, date) || r.Date().Serializer != nil {
		return nil, false, err
	}
	conditions = append(conditions, t.SQL.Column(r.Date())+" IS NOT NULL")
	if field, negated := r.When(); field != nil {
		switch root, err := t.typeOf(ctx, db, field.DBName); {
		case err != nil:
			return nil, false, err
		case root != "bool":
		case negated:
			conditions = append(conditions, t.SQL.Column(field)+" IS NOT TRUE")
		default:
			conditions = append(conditions, t.SQL.Column(field)+" IS TRUE")
		}
	}
	if shown := Shown(t.Model, t.SQL.Column); shown != "" {
		conditions = append(conditions, shown)
	}
	return conditions, true, nil
}
