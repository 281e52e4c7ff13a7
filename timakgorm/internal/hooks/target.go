package hooks

import (
	"fmt"
	"strings"

	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// findTarget returns the tracked table that the statement writes; nil if it writes
// another table.
func (c *capture) findTarget() (*statement.Target, error) {
	said, err := statement.Read(c.hooks.tables.Dialect.Language, c.db.Statement, c.verb)
	if err != nil {
		return nil, err
	}
	known, asked, err := c.resolve(said)
	if known == nil || err != nil {
		return nil, err
	}
	if said.Unclear {
		c.target = &statement.Target{Table: known}
		return nil, c.refuse(fmt.Sprintf("its table is %q: write only the table's name, and an alias if you need one", said.SQL))
	}
	t := &statement.Target{Item: said.Item, More: said.More}
	t.As(known, said.Alias, statement.Quoter(c.db.Statement))
	if !asked {
		t.Written, c.changes.Written = said.Written, said.Written
	}
	return c.withFrom(t), nil
}

// withFrom adds the tables in the FROM of an update.
func (c *capture) withFrom(t *statement.Target) *statement.Target {
	_, sets := c.db.Statement.Clauses["SET"]
	if from, ok := c.db.Statement.Clauses["FROM"].Expression.(clause.From); ok && (c.verb == statement.Update || sets) {
		t.More = append(t.More, from)
	}
	return t
}

// resolve returns the tracked table that a statement means, and whether the database
// was asked; nil if it means another table.
func (c *capture) resolve(said statement.TableRef) (known *dialect.Table, asked bool, err error) {
	h, ctx := c.hooks, c.db.Statement.Context
	candidates := h.tables.Candidates(said.Name)
	if len(candidates) == 0 {
		return nil, false, nil
	}
	if len(candidates) == 1 {
		placed, err := h.sessions.HomeOf(ctx, c.ConnPool, candidates[0])
		if err != nil {
			return nil, false, err
		}
		switch {
		case placed == nil:
		case writtenOut(placed, said):
			return placed, true, nil
		case plainly(placed, said) && !h.sessions.MayStray(c.ConnPool):
			return placed, false, nil
		}
	}
	known, err = c.ask(said.Written, candidates)
	return known, true, err
}

// writtenOut reports whether a statement names the table with the schema that it is
// in, in a way that case folding does not change.
func writtenOut(t *dialect.Table, said statement.TableRef) bool {
	return sqltext.SchemaOf(said.Name) != "" && said.Name == t.At.Schema+"."+sqltext.Unqualified(t.Model.Table) &&
		(said.Written == sqltext.QuoteName(said.Name) || strings.ToLower(said.Name) == said.Name)
}

// plainly reports whether a statement names the table as its model does, without a
// schema, and finds the tracked table unless the session hides it.
func plainly(t *dialect.Table, said statement.TableRef) bool {
	return said.Name == t.Model.Table && sqltext.SchemaOf(said.Name) == "" && (t.Dialect.Numbered || t.At.Schema == "main")
}

// ask asks the database which of the tracked tables a name means; nil if it means
// none of them. It refuses a name that means a part or a view of one, and a table
// that only this session finds.
func (c *capture) ask(written string, candidates []*dialect.Table) (*dialect.Table, error) {
	h, ctx := c.hooks, c.db.Statement.Context
	m, err := h.sessions.MeaningOf(ctx, c.ConnPool, written)
	switch {
	case err != nil || !m.Found:
		return nil, err
	case m.Is != "":
		placed, err := h.sessions.HomeOf(ctx, c.ConnPool, h.tables.Of(m.Is))
		if err == nil && (placed == nil || !sqltext.SameName(placed.At.Schema, m.At)) { // another program has moved it
			h.sessions.Schema.Change()()
			placed, err = h.sessions.HomeNow(ctx, c.ConnPool, h.tables.Of(m.Is))
		}
		return placed, err
	case m.Part != "":
		return nil, c.refuse(fmt.Sprintf("%s is a part or a view of %s here: name that table instead", sqltext.Unquoted(written), m.Part))
	}
	for _, t := range candidates {
		placed, err := h.sessions.HomeOf(ctx, c.ConnPool, t)
		if err != nil {
			return nil, err
		}
		if placed == nil && sqltext.SchemaOf(t.Model.Table) == "" {
			return nil, c.refuse(fmt.Sprintf("only this session finds a table %s, and a new connection does not: "+
				"give all connections of the pool the search_path that finds it, or name its schema in the model's TableName", t.Model.Table))
		}
	}
	if sqltext.SchemaOf(sqltext.Unquoted(written)) == "" {
		h.sessions.TellOfStray(ctx, written)
	}
	return nil, nil
}
