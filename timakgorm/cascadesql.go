package timakgorm

import (
	"fmt"
	"strings"
)

// Values of columns that foreign keys refer to are taken from one query to the next:
// on Postgres as texts, and on SQLite as they are. There a + keeps the driver from
// making times of them.

// referred are the columns that steps look for, one after another.
func referred(d dialect, steps []*step, column func(string) string) (columns []string) {
	format := "+%s"
	if d.numbered {
		format = "%s::text"
	}
	for _, s := range steps {
		for _, c := range s.key.columns {
			columns = append(columns, fmt.Sprintf(format, column(c.Refers)))
		}
	}
	return columns
}

// cut takes what steps look for from the beginning of a row, and returns the rest.
func cut(row []any, steps []*step, found [][][]any) (rest []any) {
	for i, s := range steps {
		n := len(s.key.columns)
		found[i] = append(found[i], row[:n:n])
		row = row[n:]
	}
	return row
}

// referring is a FROM of the rows that refer to some of a step's parent.
func (d dialect) referring(s *step, values [][]any, quote func(string) string) (from string, args []any) {
	if d.numbered {
		return d.referringByText(s, values, quote)
	}
	marks := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(s.key.columns)), ", ") + ")"
	for _, row := range values {
		args = append(args, row...)
	}
	var sought, refer []string
	for i, c := range s.key.columns { // the parent's column says how they are compared
		parent := "timak_parent." + quote(c.Refers)
		sought = append(sought, fmt.Sprintf("%s = timak_values.column%d", parent, i+1))
		refer = append(refer, parent+" = "+quote(rowAlias)+"."+quote(c.Name))
	}
	return " FROM (VALUES " + strings.TrimSuffix(strings.Repeat(marks+", ", len(values)), ", ") + ") timak_values JOIN " +
		s.key.parent.from + " timak_parent ON " + strings.Join(sought, " AND ") + " JOIN " +
		s.at.from + " " + quote(rowAlias) + " ON " + strings.Join(refer, " AND "), args
}

// referringByText is referring for Postgres.
func (d dialect) referringByText(s *step, values [][]any, quote func(string) string) (from string, args []any) {
	list := make([]map[string]any, len(values))
	for n, row := range values {
		list[n] = map[string]any{}
		for i, value := range row {
			list[n][fmt.Sprintf("v%d", i)] = value
		}
	}
	text, err := marshal(list)
	if err != nil { // of texts
		panic(err)
	}
	var typed, refer []string
	for i, c := range s.key.columns {
		typed = append(typed, fmt.Sprintf("v%d %s", i, c.Type))
		value := fmt.Sprintf("timak_values.v%d", i)
		if c.Collation != "" {
			value += " COLLATE " + c.Collation
		}
		refer = append(refer, quote(rowAlias)+"."+quote(c.Name)+" = "+value)
	}
	only := "ONLY "
	if s.at.whole {
		only = ""
	}
	return " FROM json_to_recordset(?::text::json) AS timak_values(" + strings.Join(typed, ", ") + ") JOIN " +
		only + s.at.from + " AS " + quote(rowAlias) + " ON " + strings.Join(refer, " AND "), []any{string(text)}
}
