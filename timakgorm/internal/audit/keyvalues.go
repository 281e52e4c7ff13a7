package audit

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
)

// keyValues are values that the columns of a key have in one row: as an image, and as
// the database compares them.
type keyValues struct {
	image  string
	values []any
}

// values reads the values of a page.
func (s keySource) values(ctx context.Context, a *Audit, after []string, limit int) (page []keyValues, err error) {
	o, err := a.relay.Outbox()
	if err != nil {
		return nil, err
	}
	statement, args, err := s.statement(after, limit)
	if err != nil {
		return nil, err
	}
	err = dialect.EachRow(ctx, o.DB, s.table.Dialect.Bind(statement), args, func(found *sql.Rows) error {
		one := keyValues{values: make([]any, len(s.columns))}
		into := []any{&one.image}
		for i := range one.values {
			into = append(into, &one.values[i])
		}
		err := found.Scan(into...)
		page = append(page, one)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("timakgorm: keys of %s: %w", s.table.Model.Table, err)
	}
	return page, nil
}

// statement returns the SELECT of the values of a page, each row as a JSON object and
// value by value. It returns ErrFrom if after does not fit the columns.
func (s keySource) statement(after []string, limit int) (statement string, args []any, err error) {
	d := s.table.Dialect
	quote := func(field *schema.Field) string { return s.table.SQL.Quote(field.DBName) }
	var columns, named, outer, plain []string
	for _, field := range s.columns {
		column := s.distinct(field)
		columns = append(columns, column)
		named = append(named, column+" AS "+quote(field))
		outer = append(outer, "k."+quote(field))
		plain = append(plain, fmt.Sprintf(d.Plain, "k."+quote(field)))
	}
	where := []string{strings.Join(columns, " IS NOT NULL AND ") + " IS NOT NULL"}
	if after != nil {
		values, err := placeValues(after)
		if err != nil || len(values) != len(s.columns) {
			return "", nil, ErrFrom
		}
		where = append(where, s.compared(">", values))
		args = values
	}
	object := d.ObjectOf(s.columns, d.AnyColumn(func(field *schema.Field) string { return "k." + quote(field) }))
	statement = "SELECT " + fmt.Sprintf(d.Text, object) + ", " + strings.Join(plain, ", ") +
		" FROM (SELECT DISTINCT " + strings.Join(named, ", ") +
		" FROM " + s.table.SQL.From + " WHERE " + strings.Join(where, " AND ") +
		" ORDER BY " + strings.Join(columns, ", ") + " LIMIT ?) k ORDER BY " + strings.Join(outer, ", ")
	return statement, append(args, limit), nil
}

// compared returns the condition that compares the columns with values, which are its
// parameters.
func (s keySource) compared(operator string, values []any) string {
	var columns, marks []string
	for i, field := range s.columns {
		mark := "?"
		if text, isText := values[i].(string); isText && s.table.Dialect.Numbered {
			mark = dialect.MarkOf(field, text)
		}
		columns, marks = append(columns, s.distinct(field)), append(marks, mark)
	}
	return "(" + strings.Join(columns, ", ") + ") " + operator + " (" + strings.Join(marks, ", ") + ")"
}

// isFirst reports whether these values are the first of those that make their key, so
// that a run meets each key once. SQLite may hold the values for one key in several
// types: those of the usual types come first, and then the others in their order.
func (s keySource) isFirst(ctx context.Context, a *Audit, key string, values []any) (bool, error) {
	if s.table.Dialect.Numbered || s.usual(values) {
		return true, nil
	}
	types := make([]string, len(s.columns))
	for i, field := range s.columns {
		types[i] = fmt.Sprintf("typeof(%s) = '%s'", s.table.SQL.Column(field), usualType(field))
	}
	before, err := s.makesWhere(ctx, a, key, "("+s.compared("<", values)+" OR "+strings.Join(types, " AND ")+")", values...)
	return !before, err
}

// usual reports whether the values have the types that SQLite usually gives values in
// such columns.
func (s keySource) usual(values []any) bool {
	for i, field := range s.columns {
		_, integer := values[i].(int64)
		_, text := values[i].(string)
		if (usualType(field) == "integer") != integer || !integer && !text {
			return false
		}
	}
	return true
}

func usualType(field *schema.Field) string {
	if model.KindOf(field) == schema.Bool || model.Whole(field) {
		return "integer"
	}
	return "text"
}

// A token holds the values of a place as texts that keep SQLite's types: texts and
// bytes are quoted as in Go, with a b before bytes, and an r comes before real numbers.

func placeTexts(values []any) []string {
	texts := make([]string, len(values))
	for i, value := range values {
		switch value := value.(type) {
		case string:
			texts[i] = strconv.Quote(value)
		case []byte:
			texts[i] = "b" + strconv.Quote(string(value))
		case float64:
			texts[i] = "r" + strconv.FormatFloat(value, 'g', -1, 64)
		default:
			texts[i] = fmt.Sprint(value)
		}
	}
	return texts
}

func placeValues(texts []string) ([]any, error) {
	values := make([]any, len(texts))
	for i, text := range texts {
		var err error
		switch {
		case strings.HasPrefix(text, `"`):
			values[i], err = strconv.Unquote(text)
		case strings.HasPrefix(text, "b"):
			var plain string
			plain, err = strconv.Unquote(text[1:])
			values[i] = []byte(plain)
		case strings.HasPrefix(text, "r"):
			values[i], err = strconv.ParseFloat(text[1:], 64)
		default:
			values[i], err = strconv.ParseInt(text, 10, 64)
		}
		if err != nil {
			return nil, ErrFrom
		}
	}
	return values, nil
}
