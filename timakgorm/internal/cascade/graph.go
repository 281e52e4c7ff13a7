package cascade

import (
	"slices"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// A foreign key passes on what happens to the rows it refers to, and the next one
// what happens to these. So a statement may change the rows of a tracked table that
// is many keys away. What the keys are is asked of the database.

// action is what a foreign key does to the rows that refer to others.
type action uint8

const (
	doesNothing action = iota // NO ACTION, RESTRICT
	cascades
	setsNull
	setsDefault
)

func (a action) String() string {
	return [...]string{"NO ACTION", "CASCADE", "SET NULL", "SET DEFAULT"}[a]
}

// Table is a table with rows that foreign keys may change, or that refer to them.
type Table struct {
	id           int64 // Postgres' oid; 0 on SQLite
	Schema, Name string
	From         string // quoted, with its schema
	partitioned  bool   // Postgres: it is partitioned, and its keys are those of its parts
	computed     bool   // it has columns that are computed from others
	Replaces     bool   // SQLite: its definition has a new row replace those in its way

	Own   *dialect.Table   // it, if it is tracked
	Keys  []*foreignKey    // that refer to its rows, or to those of its parts
	shows []*dialect.Table // the tracked tables that have its rows: itself, or those it is a part of
	Parts []*Table         // the tables whose rows it has besides its own
}

// foreignKey is one of the database's.
type foreignKey struct {
	name               string // empty where the database has none
	child, parent      *Table
	columns            []column
	onDelete, onUpdate action
	clears             []string // the columns that SET NULL and SET DEFAULT set after a delete, if not all
}

// column is a column of a foreign key, and the one that it refers to.
type column struct {
	Name      string `json:"name"`
	Refers    string `json:"refers"`
	Type      string `json:"type"`      // of that, on Postgres
	Collation string `json:"collation"` // of that, on Postgres; empty if it has none
}

func (k *foreignKey) columnNames() []string {
	names := make([]string, len(k.columns))
	for i, column := range k.columns {
		names[i] = column.Name
	}
	return names
}

// Impact is what happens to rows of a table.
type Impact struct {
	Kind        impactKind
	Columns     []string // that change; nil if they may be any
	Conflicting bool     // they are those in the way of the rows that a statement writes
}

type impactKind uint8

// What happens to rows.
const (
	RowsGo impactKind = iota
	RowsChange
	rowsTruncated // with all that refer to them, whatever their keys say
	rowsDropped   // with their table, and those that inherit from it
)

// changes reports whether a column may change.
func (i Impact) changes(name string) bool {
	return i.Columns == nil || slices.ContainsFunc(i.Columns, func(column string) bool { return sqltext.SameName(column, name) })
}

// passes returns what a foreign key makes of what happens to the rows it refers
// to; false if it is nothing.
func (k *foreignKey) passes(on Impact) (Impact, bool) {
	switch on.Kind {
	case rowsTruncated:
		return on, true
	case rowsDropped: // the keys go first
		return on, false
	case RowsChange:
		changes := slices.ContainsFunc(k.columns, func(column column) bool { return on.changes(column.Refers) })
		return Impact{Kind: RowsChange, Columns: k.columnNames()}, changes && k.onUpdate != doesNothing
	default:
		if k.onDelete == cascades {
			return Impact{Kind: RowsGo}, true
		}
		columns := k.clears
		if len(columns) == 0 {
			columns = k.columnNames()
		}
		return Impact{Kind: RowsChange, Columns: columns}, k.onDelete != doesNothing
	}
}

// says is what a foreign key says of what happens to the rows it refers to.
func (k *foreignKey) says(on Impact) string {
	switch on.Kind {
	case RowsGo:
		return " ON DELETE " + k.onDelete.String()
	case RowsChange:
		return " ON UPDATE " + k.onUpdate.String()
	default:
		return ""
	}
}

// shown returns the tracked tables whose timelines may show what happens to rows.
func (t *Table) shown(on Impact) (shown []*dialect.Table) {
	for _, tracked := range t.shows {
		if on.Kind != RowsChange || t.computed || changesAny(on, model.Watched(tracked.Model)) {
			shown = append(shown, tracked)
		}
	}
	return shown
}

func changesAny(on Impact, fields []*schema.Field) bool {
	return slices.ContainsFunc(fields, func(field *schema.Field) bool { return on.changes(field.DBName) })
}

// link makes the graph of tables and their foreign keys, and leaves out what leads
// to no tracked table.
func link(tables []*Table, keys []*foreignKey) []*Table {
	for _, t := range tables {
		for _, k := range keys {
			if k.parent == t || slices.Contains(t.Parts, k.parent) || k.parent.partitioned && slices.Contains(k.parent.Parts, t) {
				t.Keys = append(t.Keys, k)
			}
		}
	}
	leading := map[*Table]bool{}
	for again := true; again; {
		again = false
		for _, t := range tables {
			if !leading[t] && slices.ContainsFunc(t.near(), func(near *Table) bool { return leading[near] || len(near.shows) > 0 }) {
				leading[t], again = true, true
			}
		}
	}
	var kept []*Table
	for _, t := range tables {
		t.Keys = slices.DeleteFunc(t.Keys, func(k *foreignKey) bool { return len(k.child.shows) == 0 && !leading[k.child] })
		if leading[t] || len(t.shows) > 0 {
			kept = append(kept, t)
		}
	}
	return kept
}

// near returns the tables whose rows change with a table's at once.
func (t *Table) near() []*Table {
	near := slices.Clone(t.Parts)
	for _, k := range t.Keys {
		near = append(near, k.child)
	}
	return near
}

// RefersTo reports whether a foreign key refers to a column.
func (k *foreignKey) RefersTo(name string) bool {
	return slices.ContainsFunc(k.columns, func(column column) bool { return sqltext.SameName(column.Refers, name) })
}
