package dialect

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/model"
)

// A query may ask for the rows that make any of some texts by a template. The values in the
// texts are rows of a table of their own, so that the query is the same however many there
// are, and an index is asked once for each.

// MatchingAny returns the condition that a row's columns make the values in a row of
// GivenValues, which goes by the name given. ok is false where the database cannot compare
// texts with the columns without knowing them: there Matching does.
func (t *Table) MatchingAny(ctx context.Context, db Querier, by model.Template, given string) (condition string, ok bool, err error) {
	if !t.Dialect.Numbered || len(by.Columns) == 0 {
		return "", false, nil
	}
	var conditions []string
	for i, field := range by.Columns {
		value, ok, err := t.givenValue(ctx, db, field, fmt.Sprintf("%s.v%d", given, i))
		if err != nil || !ok {
			return "", false, err
		}
		conditions = append(conditions, t.SQL.Column(field)+" = "+value)
	}
	return strings.Join(conditions, " AND "), true, nil
}

// givenValue is a text as it is compared with a column.
func (t *Table) givenValue(ctx context.Context, db Querier, field *schema.Field, text string) (value string, ok bool, err error) {
	root, err := t.typeOf(ctx, db, field.DBName)
	switch {
	case err != nil:
		return "", false, err
	case slices.Contains([]string{"int2", "int4", "int8"}, root) && model.Whole(field):
		return "CAST(" + text + " AS bigint)", true, nil
	case slices.Contains([]string{"text", "varchar"}, root) && model.KindOf(field) == schema.String:
		return text, true, nil
	case root == "uuid":
		return "CAST(" + text + " AS uuid)", true, nil
	default:
		return "", false, nil
	}
}

// GivenValue reports whether the values of a template may stand in GivenValues: integers
// are of 64 bits.
func GivenValue(by model.Template, values []string) bool {
	for i, field := range by.Columns {
		if !model.Whole(field) {
			continue
		}
		if _, err := strconv.ParseInt(values[i], 10, 64); err != nil {
			return false
		}
	}
	return true
}

// GivenValues returns a table of values, which goes by the name given, and its parameter.
func GivenValues(rows [][]string, given string) (from string, arg any) {
	var columns []string
	for i := range rows[0] {
		columns = append(columns, fmt.Sprintf("v%d text", i))
	}
	objects := make([]map[string]string, len(rows))
	for n, values := range rows {
		objects[n] = map[string]string{}
		for i, value := range values {
			objects[n][fmt.Sprint("v", i)] = value
		}
	}
	text, _ := json.Marshal(objects) // texts always marshal
	return fmt.Sprintf("json_to_recordset(CAST(CAST(? AS text) AS json)) AS %s(%s)", given, strings.Join(columns, ", ")), string(text)
}
