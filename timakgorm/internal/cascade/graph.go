package cascade

import (
	"slices"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// A foreign key passes on what happens to the rows that it refers to, and the next
// key passes that on. So a statement may change rows of a tracked table that is many
// keys away. The keys are read from the database.

// action is what a foreign key does to the referring rows.
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

// Table is a table on the paths to tracked tables.
type Table struct {
	id           int64 // Postgres' oid; 0 on SQLite
	Schema, Name string
	From         string // quoted, with its schema
	partitioned  bool   // Postgres: a partitioned table, whose keys its parts have too
	computed     bool   // it has generated columns
	Replaces     bool   // SQLite: its definition says ON CONFLICT REPLACE

	Own   *dialect.Table   // the tracked table that it is; nil if it is not tracked
	Keys  []*foreignKey    // the keys that refer to its rows, or to those of its parts
	shows []*dialect.Table // the tracked tables that include its rows: itself, or those it is a part of
	Parts []*Table         // the tables whose rows it includes besides its own
}

// foreignKey is a foreign key of the database.
type foreignKey struct {
	name               string // empty on SQLite
	child, parent      *Table
	columns            []column
	onDelete, onUpdate action
	clears             []string // the columns that SET NULL and SET DEFAULT set after a delete; nil: all
}

// column is a column of a foreign key, and the column that it refers to.
type column struct {
	Name      string `json:"name"`
	Refers    string `json:"refers"`
	Type      string `json:"type"`      // of the column it refers to, on Postgres
	Collation string `json:"collation"` // of the column it refers to, on Postgres; empty if it has none
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
	Columns     []string // the columns that change; nil: they may be any
	Conflicting bool     // it happens only to rows that conflict with the rows a statement writes
}

type impactKind uint8

// What happens to rows.
const (
	RowsGo        impactKind = iota // they are deleted
	RowsChange                      // their columns change
	rowsTruncated                   // TRUNCATE … CASCADE, which empties referring tables whatever their keys say
	rowsDropped                     // DROP TABLE on Postgres, with CASCADE the inheriting tables too
)

// changes reports whether a column may change.
func (i Impact) changes(name string) bool {
	return i.Columns == nil || slices.ContainsFunc(i.Columns, func(column string) bool { return sqltext.SameName(column, name) })
}

// passes returns what a foreign key does to the referring rows; false if nothing.
func (k *foreignKey) passes(impact Impact) (Impact, bool) {
	switch impact.Kind {
	case rowsTruncated:
		return impact, true
	case rowsDropped: // the keys are dropped first
		return impact, false
	case RowsChange:
		changes := slices.ContainsFunc(k.columns, func(column column) bool { return impact.changes(column.Refers) })
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

// says returns a foreign key's action as SQL writes it.
func (k *foreignKey) says(impact Impact) string {
	switch impact.Kind {
	case RowsGo:
		return " ON DELETE " + k.onDelete.String()
	case RowsChange:
		return " ON UPDATE " + k.onUpdate.String()
	default:
		return ""
	}
}

// shown returns the tracked tables whose timelines may show an impact on t's rows.
func (t *Table) shown(impact Impact) (shown []*dialect.Table) {
	for _, tracked := range t.shows {
		if impact.Kind != RowsChange || t.computed || changesAny(impact, model.Watched(tracked.Model)) {
			shown = append(shown, tracked)
		}
	}
	return shown
}

func changesAny(impact Impact, fields []*schema.Field) bool {
	return slices.ContainsFunc(fields, func(field *schema.Field) bool { return impact.changes(field.DBName) })
}

// link makes the graph of tables and their foreign keys, without those that lead to
// no tracked table.
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

// near returns the tables that are one step away.
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
