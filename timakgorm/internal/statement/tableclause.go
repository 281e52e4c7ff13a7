package statement

import (
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// TableClause returns the clause in which a statement names the table that it
// writes. A delete that is an update, because of a soft delete, names it there
// once it has been built.
func TableClause(st *gorm.Statement, v Verb) Quoted {
	_, sets := st.Clauses["SET"]
	var said clause.Table
	switch {
	case v == Create:
		insert, _ := st.Clauses["INSERT"].Expression.(clause.Insert)
		said = insert.Table
	case v == Update || sets:
		update, _ := st.Clauses["UPDATE"].Expression.(clause.Update)
		said = update.Table
	default:
		if from, ok := st.Clauses["FROM"].Expression.(clause.From); ok && len(from.Tables) > 0 {
			said = from.Tables[0]
		}
	}
	if said.Name == "" {
		return Current
	}
	return Quoted{said}
}

// Current is the table that GORM uses if no clause names one.
var Current = Quoted{clause.Table{Name: clause.CurrentTable}}

// Quoted is a table whose name is written quoted.
type Quoted struct{ table clause.Table }

// Build implements clause.Expression.
func (q Quoted) Build(builder clause.Builder) { builder.WriteQuoted(q.table) }

// Scratch returns a statement in which to write SQL that belongs to another
// statement: its tables have the same names. GORM must not run it.
func Scratch(st *gorm.Statement) *gorm.Statement {
	return &gorm.Statement{
		DB:      st.Session(&gorm.Session{NewDB: true}),
		Context: st.Context, Table: st.Table, TableExpr: st.TableExpr, Schema: st.Schema, Model: st.Model,
		Clauses: map[string]clause.Clause{},
	}
}

// Quoter returns the function that quotes a name as a statement does.
func Quoter(st *gorm.Statement) func(string) string {
	return func(name string) string { return st.Quote(name) }
}

// MayWrite reports whether a statement may write a tracked table.
func MayWrite(ts *dialect.Tables, st *gorm.Statement, v Verb) bool {
	said := []Quoted{TableClause(st, v)}
	if said[0] == Current && (st.TableExpr == nil || v == Create) && ts.Named(st.Table) != nil {
		return true // SQLite's driver inserts by the bare name, or by an alias
	}
	if v == Remove {
		said = append(said, TableClause(st, Update))
	}
	return slices.ContainsFunc(said, func(expression Quoted) bool {
		text := Scratch(st)
		expression.Build(text)
		names := sqltext.Words(text.SQL.String())
		for i := range names {
			if name, _ := sqltext.TableName(names[i:]); name != "" && ts.Named(name) != nil {
				return true
			}
		}
		return false
	})
}

// WrittenName returns the name of the table that a statement writes, as the
// statement writes it.
func WrittenName(st *gorm.Statement, v Verb) string {
	said := TableClause(st, v)
	if st.TableExpr == nil && said == Current {
		return sqltext.QuoteName(st.Table)
	}
	text := Scratch(st)
	said.Build(text)
	words := sqltext.AfterWord(sqltext.Words(text.SQL.String()), "only", 1)
	_, rest := sqltext.TableName(words)
	return strings.Join(words[:len(words)-len(rest)], "")
}
