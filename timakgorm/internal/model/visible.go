package model

import (
	"database/sql/driver"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// standIn is the name of the row in a visibility condition, until its real name
// is known: that of the table, an alias, or NEW and OLD in a trigger.
const standIn = "timak_row"

// ReadVisibility reads the condition by which GORM hides soft-deleted rows, from
// the model's fields of any type, as GORM does for each query. The image of a row
// is NULL exactly when the condition is false. It runs no query.
func (m *Model) ReadVisibility(db *gorm.DB) error {
	st := &gorm.Statement{
		DB: db.Session(&gorm.Session{NewDB: true}), Table: standIn, Schema: m.Schema, Clauses: map[string]clause.Clause{},
	}
	for _, hides := range m.Schema.QueryClauses {
		st.AddClause(hides)
	}
	where, _ := st.Clauses["WHERE"].Expression.(clause.Where)
	if len(where.Exprs) == 0 {
		return nil
	}
	where.Build(st)
	if st.Error != nil {
		return fmt.Errorf("timakgorm: %s: %w", m.Schema.Name, st.Error)
	}
	text, err := inlined(st)
	if err != nil {
		return fmt.Errorf("timakgorm: %s: %w", m.Schema.Name, err)
	}
	m.Visible, m.RowMark, m.Quote = text, st.Quote(standIn)+".", func(name string) string { return st.Quote(name) }
	m.Visibility = m.fieldsIn(text)
	if len(m.Visibility) == 0 {
		return fmt.Errorf("timakgorm: %s: soft delete by the condition %s: expected it to name a column of the current table", m.Schema.Name, text)
	}
	return nil
}

// fieldsIn returns the fields whose columns a visibility condition names.
func (m *Model) fieldsIn(text string) []*schema.Field {
	var named []*schema.Field
	for _, field := range m.Schema.Fields {
		if field.DBName != "" && strings.Contains(text, m.RowMark+m.Quote(field.DBName)) {
			named = append(named, field)
		}
	}
	return named
}

// inlined returns the SQL that a statement has built, with its parameters written
// as literals: a trigger takes no parameters.
func inlined(st *gorm.Statement) (string, error) {
	lang, _ := sqltext.LanguageOf(st.Name()) // Initialize refuses others
	values := make([]string, len(st.Vars))
	for i, v := range st.Vars {
		text, err := literal(v)
		if err != nil {
			return "", err
		}
		values[i] = text
	}
	var b strings.Builder
	for i, part := range sqltext.SplitMarks(st.SQL.String(), lang == sqltext.Postgres) {
		if i > 0 && i <= len(values) {
			b.WriteString(values[i-1])
		}
		b.WriteString(part)
	}
	return b.String(), nil
}

// literal writes a value as SQL.
func literal(v any) (string, error) {
	if valuer, ok := v.(driver.Valuer); ok {
		plain, err := valuer.Value()
		if err != nil {
			return "", err
		}
		v = plain
	}
	switch v := v.(type) {
	case nil:
		return "NULL", nil
	case bool:
		return strings.ToUpper(strconv.FormatBool(v)), nil
	case int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64:
		return fmt.Sprint(v), nil
	case string:
		return sqltext.QuoteText(v), nil
	case time.Time:
		return sqltext.QuoteText(v.Format("2006-01-02 15:04:05.999999-07:00")), nil
	default:
		return "", fmt.Errorf("soft delete by a %T: expected an integer, a text, a bool or a time", v)
	}
}

// Watched returns the columns on which the image depends, including those of the
// visibility condition.
func Watched(m *Model) []*schema.Field {
	fields := slices.Clone(m.Columns)
	for _, field := range m.Visibility {
		if !slices.Contains(fields, field) {
			fields = append(fields, field)
		}
	}
	return fields
}
