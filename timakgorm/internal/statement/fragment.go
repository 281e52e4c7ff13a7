package statement

import (
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// Fragment is SQL of ours in a statement of GORM's, written with ?. Unlike
// clause.Expr it knows that a ? in a quoted name is none.
type Fragment struct {
	SQL  string
	Vars []any
}

// Build implements clause.Expression.
func (f Fragment) Build(builder clause.Builder) {
	for i, part := range sqltext.SplitMarks(f.SQL, false) {
		if i > 0 {
			builder.AddVar(builder, f.Vars[i-1])
		}
		_, _ = builder.WriteString(part)
	}
}

// First is a condition that the user's own come after, whatever they are: an OR
// among them must not let others through, nor a comment hide it.
type First struct {
	Ours  clause.Expression
	Users []clause.Expression
}

// Build implements clause.Expression.
func (f First) Build(builder clause.Builder) {
	f.Ours.Build(builder)
	if len(f.Users) > 0 {
		_, _ = builder.WriteString(" AND (")
		clause.Where{Exprs: f.Users}.Build(builder)
		_, _ = builder.WriteString("\n)")
	}
}

// newLine writes a line break before an expression, which may be nil.
type newLine struct{ then clause.Expression }

// Build implements clause.Expression.
func (n newLine) Build(builder clause.Builder) {
	_ = builder.WriteByte('\n')
	if n.then != nil {
		n.then.Build(builder)
	}
}

// OnNewLines has clauses begin on lines of their own, where a comment of the user's
// before them has come to its end.
func OnNewLines(st *gorm.Statement, names ...string) {
	for _, name := range names {
		if c, there := st.Clauses[name]; there {
			c.BeforeExpression = newLine{c.BeforeExpression}
			st.Clauses[name] = c
		}
	}
}

// Items are those of a FROM.
type Items []clause.Expression

// Build implements clause.Expression.
func (i Items) Build(builder clause.Builder) {
	for n, item := range i {
		if n > 0 {
			_, _ = builder.WriteString(", ")
		}
		item.Build(builder)
	}
}
