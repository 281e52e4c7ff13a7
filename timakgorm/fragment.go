package timakgorm

import (
	"strings"

	"gorm.io/gorm/clause"
)

// splitMarks splits SQL at the marks of its parameters: $1 if they are
// numbered, which stand in their order, or else ?. In a text or a quoted name
// there is none.
func splitMarks(sql string, numbered bool) []string {
	var parts []string
	rest := 0
	for i := 0; i < len(sql); i++ {
		end := i + 1
		switch c := sql[i]; {
		case c == '\'' || c == '"' || c == '`': // one that is doubled ends a text and begins the next
			i += max(0, strings.IndexByte(sql[end:], c)+1)
			continue
		case c == '?' && !numbered:
		case c == '$' && numbered && end < len(sql) && isDigit(sql[end]):
			for end < len(sql) && isDigit(sql[end]) {
				end++
			}
		default:
			continue
		}
		parts = append(parts, sql[rest:i])
		rest, i = end, end-1
	}
	return append(parts, sql[rest:])
}

// first is a condition that the user's own come after, whatever they are: an OR
// among them must not let others through, nor a comment hide it.
type first struct {
	ours  clause.Expression
	users []clause.Expression
}

// Build implements clause.Expression.
func (f first) Build(builder clause.Builder) {
	f.ours.Build(builder)
	if len(f.users) > 0 {
		_, _ = builder.WriteString(" AND (")
		clause.Where{Exprs: f.users}.Build(builder)
		_, _ = builder.WriteString("\n)")
	}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

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
