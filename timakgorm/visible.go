package timakgorm

import (
	"database/sql/driver"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
)

// standIn is the name of a row in a visibility condition, until the row is
// known: of the table, of an alias, or NEW and OLD in a trigger.
const standIn = "timak_row"

// readVisibility asks the model's fields, as GORM does for each of its queries,
// which rows are to be seen: those that are not soft-deleted, by whatever type
// of field. An image is NULL exactly when the row is not.
func (m *model) readVisibility(db *gorm.DB) error {
	st := &gorm.Statement{
		DB: db.Session(&gorm.Session{NewDB: true}), Table: standIn, Schema: m.schema, Clauses: map[string]clause.Clause{},
	}
	for _, hides := range m.schema.QueryClauses {
		st.AddClause(hides)
	}
	where, _ := st.Clauses["WHERE"].Expression.(clause.Where)
	if len(where.Exprs) == 0 {
		return nil
	}
	where.Build(st)
	if st.Error != nil {
		return st.Error
	}
	text, err := inlined(st)
	if err != nil {
		return fmt.Errorf("timakgorm: %s: %w", m.schema.Name, err)
	}
	m.visible, m.rowMark, m.quote = text, st.Quote(standIn)+".", func(name string) string { return st.Quote(name) }
	m.visibility = m.fieldsIn(text)
	if len(m.visibility) == 0 {
		return fmt.Errorf("timakgorm: %s: soft delete by the condition %s: expected it to name a column of the current table", m.schema.Name, text)
	}
	return nil
}

// fieldsIn returns the fields whose columns a visibility condition names.
func (m *model) fieldsIn(text string) []*schema.Field {
	var named []*schema.Field
	for _, field := range m.schema.Fields {
		if field.DBName != "" && strings.Contains(text, m.rowMark+m.quote(field.DBName)) {
			named = append(named, field)
		}
	}
	return named
}

// inlined returns the SQL that a statement has built, its parameters written
// out: a trigger takes none.
func inlined(st *gorm.Statement) (string, error) {
	values := make([]string, len(st.Vars))
	for i, v := range st.Vars {
		text, err := literal(v)
		if err != nil {
			return "", err
		}
		values[i] = text
	}
	var b strings.Builder
	for i, part := range splitMarks(st.SQL.String(), st.Name() == postgres.name) {
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
		return quoteText(v), nil
	case time.Time:
		return quoteText(v.Format("2006-01-02 15:04:05.999999-07:00")), nil
	default:
		return "", fmt.Errorf("soft delete by a %T: expected an integer, a text, a bool or a time", v)
	}
}

func quoteText(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// imageOf writes the image of a row whose columns are named by column: a JSON
// object, NULL for a row that is soft-deleted.
func (d dialect) imageOf(m *model, column func(*schema.Field) string) string {
	object := d.objectOf(m.columns, column)
	if m.visible == "" {
		return object
	}
	condition := m.visible
	for _, field := range m.visibility {
		condition = strings.ReplaceAll(condition, m.rowMark+m.quote(field.DBName), column(field))
	}
	return "CASE WHEN " + condition + " THEN " + object + " END"
}
