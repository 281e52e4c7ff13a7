package statement

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// Target is the tracked table that a statement writes, as the statement refers to
// it: under another name, in another case, with its schema or by an alias.
type Target struct {
	Table *dialect.Table
	SQL   dialect.Statements  // with the name that the statement gives the rows
	Name  string              // that name; a lock on the rows needs it
	Item  clause.Expression   // the table as an item of a FROM
	More  []clause.Expression // the other items of the statement's FROM

	// Written is the statement's own name for the table, if it has not been
	// checked yet what the name means in the session; "" otherwise.
	Written string
}

// As sets the table and the name of its rows. Without an alias, that is the name
// of the table.
func (t *Target) As(known *dialect.Table, alias string, quote func(string) string) {
	t.Table, t.SQL, t.Name = known, known.SQL, sqltext.Unqualified(known.Model.Table)
	if alias != "" {
		t.Name, t.SQL = alias, known.Dialect.StatementsAs(known.Model, known.At, alias, quote)
	}
}

// columns returns what is read of a row: the key, the image, and whether the
// table is the tracked one.
func (t *Target) columns() Fragment {
	text := t.Table.Dialect.Text
	sql := fmt.Sprintf(text+", "+text+", ", t.SQL.Key, t.SQL.Image)
	if t.SQL.Bare != nil {
		sql = t.SQL.Bare.Columns + ", "
	}
	switch {
	case t.Written == "":
		return Fragment{SQL: sql + "true"}
	case t.SQL.Bare != nil && t.SQL.Bare.Sure != "":
		return Fragment{SQL: t.SQL.Bare.Sure + ", true"}
	}
	return Fragment{SQL: sql + "(SELECT " + t.Table.Dialect.SameSQL(t.SQL.From) + ")", Vars: []any{t.Table.NameGiven(t.Written)}}
}

// Read locks and reads rows of a target, and calls visit for each. It returns
// ErrElsewhere if they are rows of another table.
func (t *Target) Read(ctx context.Context, pool gorm.ConnPool, st *gorm.Statement, where clause.Clause, visit func(model.RowKey, *string) error) (err error) {
	query := t.Query(st, where, t.columns())
	if query.Error != nil {
		return query.Error
	}
	scan := scanImage
	if t.SQL.Bare != nil {
		scan = t.rawScan(ctx, pool)
	}
	began := false
	err = dialect.EachRow(ctx, pool, query.SQL.String(), query.Vars, func(found *sql.Rows) error {
		began = true
		key, old, err := scan(found)
		if err != nil {
			return err
		}
		return visit(key, old)
	})
	if err != nil && !began {
		return t.unread(err)
	}
	return err
}

// unread returns the error of a query for rows.
func (t *Target) unread(err error) error {
	if t.SQL.Bare != nil && t.SQL.Bare.IsHidden(err) {
		return ErrElsewhere
	}
	return fmt.Errorf("timakgorm: read rows of %s: %w", t.Table.Model.Table, err)
}

// scanImage reads a row of columns: its key, and its image.
func scanImage(found *sql.Rows) (key model.RowKey, old *string, err error) {
	var text string
	var same bool
	switch err := found.Scan(&text, &old, &same); {
	case err != nil:
		return nil, nil, err
	case !same:
		return nil, nil, ErrElsewhere
	}
	key, err = model.ParseKey(text)
	return key, old, err
}

// rawScan returns scanImage for the columns of dialect.BareSQL.
func (t *Target) rawScan(ctx context.Context, pool gorm.ConnPool) func(*sql.Rows) (model.RowKey, *string, error) {
	values := make([]any, len(t.Table.Model.Columns))
	var shown, same bool
	into := make([]any, 0, len(values)+2)
	for i := range values {
		into = append(into, &values[i])
	}
	into = append(into, &shown, &same)
	return func(found *sql.Rows) (key model.RowKey, old *string, err error) {
		switch err := found.Scan(into...); {
		case err != nil:
			return nil, nil, err
		case !same:
			return nil, nil, ErrElsewhere
		}
		if key, err = t.Table.ReadKey(ctx, pool, values[0]); err == nil {
			old, err = t.Table.ReadImage(ctx, pool, values, shown)
		}
		return key, old, err
	}
}

// Query returns a SELECT of columns of the rows of a target that where selects,
// or of all rows. The rows are locked until the transaction ends.
func (t *Target) Query(st *gorm.Statement, where clause.Clause, columns Fragment) *gorm.Statement {
	return t.QueryAfter(nil, st, where, columns)
}

// QueryAfter is Query with parameters that follow others.
func (t *Target) QueryAfter(vars []any, st *gorm.Statement, where clause.Clause, columns Fragment) *gorm.Statement {
	d := t.Table.Dialect
	q := Scratch(st)
	q.Vars = vars
	q.AddClause(clause.Select{Expression: columns})
	q.Clauses["FROM"] = clause.Clause{Name: "FROM", Expression: Items(append([]clause.Expression{t.Item}, t.More...))}
	if where.Expression != nil {
		q.Clauses["WHERE"] = where
	}
	if d.Lock {
		// All statements lock in one order, so that no two wait for each other.
		// The lock is that of an update, so that rows which refer to these can be
		// inserted meanwhile.
		q.Clauses["ORDER BY"] = clause.Clause{Name: "ORDER BY", Expression: Fragment{SQL: strings.Join(dialect.Columns(t.Table.Model.Keys, t.SQL.Column), ", ")}}
		q.AddClause(clause.Locking{Strength: "NO KEY UPDATE", Table: clause.Table{Name: t.Name}})
	}
	OnNewLines(q, "ORDER BY", "FOR")
	q.Build("SELECT", "FROM", "WHERE", "ORDER BY", "FOR")
	return q
}

// HiddenImage is SQL for the image that a soft-deleted row would have; NULL for
// other rows.
func (t *Target) HiddenImage() string {
	return "CASE WHEN (" + t.SQL.Image + ") IS NULL THEN " + t.Table.Dialect.ObjectOf(t.Table.Model.Columns, t.SQL.Column) + " END"
}

// ErrElsewhere is returned when the table of a statement turns out not to be the
// tracked one. The statement is then not followed.
var ErrElsewhere = errors.New("the name means another table here")
