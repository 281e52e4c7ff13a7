package cascade

import (
	"fmt"
	"strings"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
)

// Values of the columns that foreign keys refer to go from one query into the next:
// as texts on Postgres, and as they are on SQLite, where a + keeps the driver from
// converting them to times.

// Referred returns the columns whose values the steps look for, step by step.
func Referred(d dialect.Dialect, steps []*Step, column func(string) string) (columns []string) {
	format := "+%s"
	if d.Numbered {
		format = "%s::text"
	}
	for _, s := range steps {
		for _, c := range s.Key.columns {
			columns = append(columns, fmt.Sprintf(format, column(c.Refers)))
		}
	}
	return columns
}

// Cut moves the values that the steps look for from the beginning of a row to found,
// and returns the rest of the row.
func Cut(row []any, steps []*Step, found [][][]any) (rest []any) {
	for i, s := range steps {
		n := len(s.Key.columns)
		found[i] = append(found[i], row[:n:n])
		row = row[n:]
	}
	return row
}

// Referring returns a FROM clause of the rows that refer to some rows of a step's
// parent, and its parameters.
func Referring(d dialect.Dialect, s *Step, values [][]any, quote func(string) string) (from string, args []any) {
	if d.Numbered {
		return referringByText(s, values, quote)
	}
	marks := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(s.Key.columns)), ", ") + ")"
	for _, row := range values {
		args = append(args, row...)
	}
	var sought, refer []string
	for i, c := range s.Key.columns { // compared in the collation of the parent's column
		parent := "timak_parent." + quote(c.Refers)
		sought = append(sought, fmt.Sprintf("%s = timak_values.column%d", parent, i+1))
		refer = append(refer, parent+" = "+quote(RowAlias)+"."+quote(c.Name))
	}
	return " FROM (VALUES " + strings.TrimSuffix(strings.Repeat(marks+", ", len(values)), ", ") + ") timak_values JOIN " +
		s.Key.parent.From + " timak_parent ON " + strings.Join(sought, " AND ") + " JOIN " +
		s.At.From + " " + quote(RowAlias) + " ON " + strings.Join(refer, " AND "), args
}

// referringByText is Referring for Postgres.
func referringByText(s *Step, values [][]any, quote func(string) string) (from string, args []any) {
	list := make([]map[string]any, len(values))
	for n, row := range values {
		list[n] = map[string]any{}
		for i, value := range row {
			list[n][fmt.Sprintf("v%d", i)] = value
		}
	}
	text, err := model.JSON(list)
	if err != nil { // cannot be: they are texts
		panic(err)
	}
	var typed, refer []string
	for i, c := range s.Key.columns {
		typed = append(typed, fmt.Sprintf("v%d %s", i, c.Type))
		value := fmt.Sprintf("timak_values.v%d", i)
		if c.Collation != "" {
			value += " COLLATE " + c.Collation
		}
		refer = append(refer, quote(RowAlias)+"."+quote(c.Name)+" = "+value)
	}
	only := "ONLY "
	if s.At.partitioned {
		only = ""
	}
	return " FROM json_to_recordset(?::text::json) AS timak_values(" + strings.Join(typed, ", ") + ") JOIN " +
		only + s.At.From + " AS " + quote(RowAlias) + " ON " + strings.Join(refer, " AND "), []any{string(text)}
}

// RowAlias is the alias of the rows in Referring.
const RowAlias = "timak_row"

// ValuesAtOnce is how many rows of a parent one query looks for. SQLite is slow at
// binding many parameters.
func ValuesAtOnce(d dialect.Dialect) int {
	if d.Lock {
		return 5000
	}
	return 100
}
