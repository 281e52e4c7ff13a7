package hooks

import (
	"regexp"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm/internal/session"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// carriedForm is a statement in a form that can carry its own record.
type carriedForm struct {
	inserts  bool
	conflict *clause.OnConflict // of an upsert, which may meet one row
	meets    [][]any            // the values by which it finds that
	returns  bool               // it returns rows
	users    []clause.Column    // the columns of these; none: all
}

// carriedForm returns the form of the statement, and whether it can carry its record.
func (c *capture) carriedForm() (*carriedForm, bool) {
	tx := session.TransactionOf(c.ConnPool)
	if !c.hooks.tables.Dialect.Lock || c.target == nil || c.reach != nil || len(c.target.More) > 0 || tx != nil && tx.OldSnapshot || !c.plainClauses() {
		return nil, false
	}
	form := &carriedForm{inserts: c.verb == statement.Create}
	if !form.addReturning(c.db.Statement) || c.setsKey() {
		return nil, false
	}
	conflict, upserts := c.db.Statement.Clauses["ON CONFLICT"].Expression.(clause.OnConflict)
	if !form.inserts || !upserts || conflict.DoNothing {
		return form, true
	}
	form.conflict = &conflict
	return form, form.addUpsert(c)
}

// plainClauses reports whether the clauses that the statement consists of are GORM's own.
func (c *capture) plainClauses() bool {
	st := c.db.Statement
	return !slices.ContainsFunc(c.built(), func(name string) bool {
		part, there := st.Clauses[name]
		_, builds := st.ClauseBuilders[name]
		return there && (builds || !unadorned(part) || !isPlainClause(part.Expression))
	})
}

func isPlainClause(expression clause.Expression) bool {
	switch e := expression.(type) {
	case nil, clause.Values, clause.Set, clause.Where, clause.Returning, clause.OnConflict:
		return true
	case clause.Insert:
		return e.Modifier == ""
	case clause.Update:
		return e.Modifier == ""
	case clause.Delete:
		return e.Modifier == ""
	case clause.From:
		return len(e.Tables) <= 1 && len(e.Joins) == 0
	default:
		return false
	}
}

// addReturning adds what the statement returns, and reports whether these are columns.
func (f *carriedForm) addReturning(st *gorm.Statement) bool {
	var returning clause.Returning
	if returning, f.returns = st.Clauses["RETURNING"].Expression.(clause.Returning); !f.returns {
		return true
	}
	if slices.ContainsFunc(returning.Columns, func(column clause.Column) bool { return column.Name == "*" }) && len(returning.Columns) == 1 {
		return true
	}
	f.users = returning.Columns
	return !slices.ContainsFunc(f.users, func(column clause.Column) bool { return column.Raw || !bareName.MatchString(column.Name) })
}

// bareName matches a name that GORM quotes as it is.
var bareName = regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_]*$`)

// addUpsert adds how an upsert of one row finds the row that it may meet, and reports
// whether its values say that.
func (f *carriedForm) addUpsert(c *capture) bool {
	values, _ := c.db.Statement.Clauses["VALUES"].Expression.(clause.Values)
	if len(values.Values) != 1 || assignsKey(c.target.Table, f.conflict.DoUpdates, f.conflict.Columns) {
		return false
	}
	var known bool
	f.meets, known = c.conflictRows(*f.conflict, false)
	return known && len(f.meets) == 1 && !c.comments(f.conflict.DoUpdates)
}

// comments reports whether a part of the statement may contain a comment, which would hide
// what is written behind it.
func (c *capture) comments(part clause.Expression) bool {
	text := statement.Scratch(c.db.Statement)
	part.Build(text)
	sql := text.SQL.String()
	return strings.Contains(sql, "--") || strings.Contains(sql, "/*")
}
