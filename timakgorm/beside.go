package timakgorm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
)

// Most updates set no column of an image: one that counts views, or changes a
// post's body. They leave the timelines as they are, and run as they are, unless
// the table is one where an update does more than it says: by a trigger, a rule,
// a generated column or a partition of its own. That it is none is a condition of
// the statement itself, and so of the moment in which it runs. Where it does not
// hold, no row is updated, and the statement is followed as any other.

// besideImages reports whether an update sets no column on which an image depends.
func (c *capture) besideImages(ctx context.Context) (bool, error) {
	if c.verb != update || c.target == nil || c.target.sql.plain == "" || c.reach != nil {
		return false, nil
	}
	clauses := c.db.Statement.Clauses
	set, plain := clauses["SET"].Expression.(clause.Set)
	where := clauses["WHERE"]
	_, conditions := where.Expression.(clause.Where)
	if !plain || !unadorned(clauses["SET"]) || !unadorned(where) || where.Expression != nil && !conditions {
		return false, nil
	}
	said, _ := clauses["UPDATE"].Expression.(clause.Update)
	modifier, err := c.modifier(ctx, said.Modifier)
	return modifier == "" && !c.target.table.watches(set), err
}

// unadorned reports whether a clause is no more than its expression.
func unadorned(c clause.Clause) bool {
	return c.Builder == nil && c.BeforeExpression == nil && c.AfterNameExpression == nil && c.AfterExpression == nil
}

// watches reports whether one of some assignments is to a column on which an
// image depends, or may be to others than the one that it names.
func (t *table) watches(set clause.Set) bool {
	return slices.ContainsFunc(set, func(assignment clause.Assignment) bool {
		if !isPlain(assignment.Value) && !t.dialect.isOneValue(assignment.Value) {
			return true
		}
		return slices.ContainsFunc(watched(t.model), func(field *schema.Field) bool { return t.names(assignment.Column, field) })
	})
}

// isOneValue reports whether an expression is the value of one column, and not the
// beginning of more.
func (d dialect) isOneValue(value any) bool {
	expression, ok := value.(clause.Expr)
	if !ok || slices.ContainsFunc(expression.Vars, func(v any) bool { return !isPlain(v) }) {
		return false
	}
	for _, words := range d.readings(expression.SQL + "\n;") {
		first, rest := statement(words)
		if !isOneValue(first) || rest == nil || len(rest) > 0 { // a text or a comment in it has no end
			return false
		}
	}
	return true
}

func isOneValue(words []string) bool {
	depth := 0
	for _, word := range words {
		switch word {
		case "(":
			depth++
		case ")":
			depth--
		}
		if depth < 0 || depth == 0 && (word == "," || hasWord([]string{word}, "from", "where", "returning")) {
			return false
		}
	}
	return depth == 0
}

// plainOf is the condition that an update of a table does no more than it says;
// "" where that cannot be asked.
func (d dialect) plainOf(m *model, s statements) string {
	if d.numbered {
		return d.own + "timak_plain(" + quoteText(s.from) + ")"
	}
	if schemaOf(m.table) != "" {
		return ""
	}
	name := quoteText(m.table)
	return "NOT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND tbl_name = " + name + " COLLATE NOCASE" +
		" UNION ALL SELECT 1 FROM sqlite_temp_master WHERE type = 'trigger' AND tbl_name = " + name + " COLLATE NOCASE" +
		" UNION ALL SELECT 1 FROM pragma_table_xinfo(" + name + ") WHERE hidden > 1)"
}

// execBeside runs an update that sets no column of an image, and reports whether
// it has: any other statement is to be followed.
func (c *capture) execBeside(ctx context.Context) (done result, ran bool, err error) {
	defer recovered(&err)
	if beside, err := c.besideImages(ctx); !beside || err != nil {
		return nil, false, err
	}
	if plain, err := c.seemsPlain(ctx); !plain || err != nil {
		return nil, false, err
	}
	conditions, _ := c.db.Statement.Clauses["WHERE"].Expression.(clause.Where)
	c.setClause("WHERE", clause.Where{Exprs: []clause.Expression{first{fragment{sql: c.target.sql.plain}, conditions.Exprs}}})
	if err := c.rebuild(); err != nil {
		return nil, false, err
	}
	done, err = c.ConnPool.ExecContext(ctx, c.db.Statement.SQL.String(), c.db.Statement.Vars...)
	if err != nil {
		return nil, false, c.explainBeside(err)
	}
	if n, err := done.RowsAffected(); n > 0 || err != nil {
		return done, true, err
	}
	var holds bool
	if err := c.ConnPool.QueryRowContext(ctx, "SELECT "+c.target.sql.plain).Scan(&holds); holds || err != nil {
		return done, true, err
	}
	c.plugin.schema.change()() // so that all tables are asked about anew
	c.restoreClause("WHERE")
	return nil, false, c.rebuild()
}

// errOldSnapshot is why a transaction says nothing of a table that is to be
// remembered: what it sees may be older than the table.
var errOldSnapshot = errors.New("the transaction sees an older database")

// seemsPlain reports whether the table was plain when it was last asked about: if
// it was not, its triggers are not to be called for a statement that is then
// followed, and runs once more.
func (c *capture) seemsPlain(ctx context.Context) (bool, error) {
	query := "SELECT " + c.target.sql.plain + ", true"
	if c.plugin.dialect.lock {
		query = "SELECT " + c.target.sql.plain + ", current_setting('transaction_isolation') LIKE 'read %'"
	}
	plain, err := c.plugin.plain.of(c.target.table.model.table, c.plugin.schemaOf(c.ConnPool), func() (bool, error) {
		var plain, current bool
		err := c.ConnPool.QueryRowContext(ctx, query).Scan(&plain, &current)
		if err == nil && !current {
			err = errOldSnapshot
		}
		return plain, c.explainBeside(err)
	})
	if errors.Is(err, errOldSnapshot) {
		return false, nil
	}
	return plain, err
}

func (c *capture) explainBeside(err error) error {
	if err != nil && strings.Contains(err.Error(), "timak_plain") {
		return fmt.Errorf("timakgorm: update of %s (did timakgorm.Migrate run?): %w", c.target.table.model.table, err)
	}
	return err
}
