package timakgorm

import (
	"regexp"

	"gorm.io/gorm/clause"
)

// marked matches a text, a quoted name or the mark of a parameter: a ? that is
// not in one of the former is a mark.
var (
	questionMark = regexp.MustCompile("'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`(?:[^`]|``)*`|\\?")
	numberMark   = regexp.MustCompile("'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\\$[0-9]+")
)

// splitMarks splits SQL at the marks of its parameters: $1 if they are
// numbered, which stand in their order, or else ?.
func splitMarks(sql string, numbered bool) []string {
	mark, first := questionMark, byte('?')
	if numbered {
		mark, first = numberMark, '$'
	}
	var parts []string
	rest := 0
	for _, at := range mark.FindAllStringIndex(sql, -1) {
		if sql[at[0]] == first {
			parts = append(parts, sql[rest:at[0]])
			rest = at[1]
		}
	}
	return append(parts, sql[rest:])
}

// fragment is SQL of ours in a statement of GORM's, written with ?. Unlike
// clause.Expr it knows that a ? in a quoted name is none.
type fragment struct {
	sql  string
	vars []any
}

// Build implements clause.Expression.
func (f fragment) Build(builder clause.Builder) {
	for i, part := range splitMarks(f.sql, false) {
		if i > 0 {
			builder.AddVar(builder, f.vars[i-1])
		}
		_, _ = builder.WriteString(part)
	}
}
