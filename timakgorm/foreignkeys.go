package timakgorm

import (
	"slices"

	"gorm.io/gorm/schema"
)

// A foreign key passes on what happens to the rows it refers to, and the next one
// what happens to these. So a statement may change the rows of a tracked table that
// is many keys away. What the keys are is asked of the database.

// fkAction is what a foreign key does to the rows that refer to others.
type fkAction uint8

const (
	doesNothing fkAction = iota // NO ACTION, RESTRICT
	cascades
	setsNull
	setsDefault
)

func (a fkAction) String() string {
	return [...]string{"NO ACTION", "CASCADE", "SET NULL", "SET DEFAULT"}[a]
}

// fkTable is a table with rows that foreign keys may change, or that refer to them.
type fkTable struct {
	id           int64 // Postgres' oid; 0 on SQLite
	schema, name string
	from         string // quoted, with its schema
	whole        bool   // Postgres: it is partitioned, and its keys are those of its parts
	computed     bool   // it has columns that are computed from others
	replaces     bool   // SQLite: its definition has a new row replace those in its way

	own   *table        // it, if it is tracked
	keys  []*foreignKey // that refer to its rows, or to those of its parts
	shows []*table      // the tracked tables that have its rows: itself, or those it is a part of
	parts []*fkTable    // the tables whose rows it has besides its own
}

// foreignKey is one of the database's.
type foreignKey struct {
	name               string // empty where the database has none
	child, parent      *fkTable
	columns            []fkColumn
	onDelete, onUpdate fkAction
	clears             []string // the columns that SET NULL and SET DEFAULT set after a delete, if not all
}

// fkColumn is a column of a foreign key, and the one that it refers to.
type fkColumn struct {
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

// impact is what happens to rows of a table.
type impact struct {
	kind    impactKind
	columns []string // that change; nil if they may be any
	met     bool     // they are those in the way of the rows that a statement writes
}

type impactKind uint8

const (
	rowsGo impactKind = iota
	rowsChange
	rowsTruncated // with all that refer to them, whatever their keys say
	rowsDropped   // with their table, and those that inherit from it
)

// on reports whether a column may change.
func (i impact) on(name string) bool {
	return i.columns == nil || slices.ContainsFunc(i.columns, func(column string) bool { return sameName(column, name) })
}

// passes returns what a foreign key makes of what happens to the rows it refers
// to; false if it is nothing.
func (k *foreignKey) passes(on impact) (impact, bool) {
	switch on.kind {
	case rowsTruncated:
		return on, true
	case rowsDropped: // the keys go first
		return on, false
	case rowsChange:
		changes := slices.ContainsFunc(k.columns, func(column fkColumn) bool { return on.on(column.Refers) })
		return impact{kind: rowsChange, columns: k.columnNames()}, changes && k.onUpdate != doesNothing
	default:
		if k.onDelete == cascades {
			return impact{kind: rowsGo}, true
		}
		columns := k.clears
		if len(columns) == 0 {
			columns = k.columnNames()
		}
		return impact{kind: rowsChange, columns: columns}, k.onDelete != doesNothing
	}
}

// says is what a foreign key says of what happens to the rows it refers to.
func (k *foreignKey) says(on impact) string {
	switch on.kind {
	case rowsGo:
		return " ON DELETE " + k.onDelete.String()
	case rowsChange:
		return " ON UPDATE " + k.onUpdate.String()
	default:
		return ""
	}
}

// shown returns the tracked tables whose timelines may show what happens to rows.
func (t *fkTable) shown(on impact) (shown []*table) {
	for _, tracked := range t.shows {
		if on.kind != rowsChange || t.computed || onAny(on, watched(tracked.model)) {
			shown = append(shown, tracked)
		}
	}
	return shown
}

func onAny(on impact, fields []*schema.Field) bool {
	return slices.ContainsFunc(fields, func(field *schema.Field) bool { return on.on(field.DBName) })
}

// link makes the graph of tables and their foreign keys, and leaves out what leads
// to no tracked table.
func link(tables []*fkTable, keys []*foreignKey) []*fkTable {
	for _, t := range tables {
		for _, k := range keys {
			if k.parent == t || slices.Contains(t.parts, k.parent) || k.parent.whole && slices.Contains(k.parent.parts, t) {
				t.keys = append(t.keys, k)
			}
		}
	}
	leading := map[*fkTable]bool{}
	for again := true; again; {
		again = false
		for _, t := range tables {
			if !leading[t] && slices.ContainsFunc(t.near(), func(near *fkTable) bool { return leading[near] || len(near.shows) > 0 }) {
				leading[t], again = true, true
			}
		}
	}
	var kept []*fkTable
	for _, t := range tables {
		t.keys = slices.DeleteFunc(t.keys, func(k *foreignKey) bool { return len(k.child.shows) == 0 && !leading[k.child] })
		if leading[t] || len(t.shows) > 0 {
			kept = append(kept, t)
		}
	}
	return kept
}

// near returns the tables whose rows change with a table's at once.
func (t *fkTable) near() []*fkTable {
	near := slices.Clone(t.parts)
	for _, k := range t.keys {
		near = append(near, k.child)
	}
	return near
}
