package statement

import (
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// Fragment is SQL of timak's own in a GORM statement, written with ?. Unlike
// clause.Expr it ignores a ? in a literal or a quoted name.
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

// First is a condition with the user's own conditions after it, whatever these
// are: an OR among them must not let other rows through, and a comment must not
// hide it.
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

// OnNewLines makes clauses begin on new lines, so that a comment of the user's
// before them has ended.
func OnNewLines(st *gorm.Statement, names ...string) {
	for _, name := range names {
		if c, there := st.Clauses[name]; there {
			c.BeforeExpression = newLine{c.BeforeExpression}
			st.Clauses[name] = c
		}
	}
}

// Items are the items of a FROM.
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
