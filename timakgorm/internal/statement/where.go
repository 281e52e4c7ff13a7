package statement

import (
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// WhereIn returns a clause: the columns of a table have the values of one of the
// rows.
func WhereIn(table string, names []string, rows [][]any) clause.Clause {
	columns := make([]clause.Column, len(names))
	for i, name := range names {
		columns[i] = clause.Column{Table: table, Name: name}
	}
	in := clause.IN{Column: columns}
	if len(columns) == 1 {
		in.Column = columns[0]
	}
	for _, row := range rows {
		if len(columns) > 1 {
			in.Values = append(in.Values, row)
		} else {
			in.Values = append(in.Values, row[0])
		}
	}
	return clause.Clause{Name: "WHERE", Expression: clause.Where{Exprs: []clause.Expression{in}}}
}

// WhereAny returns a clause: at least one of the conditions holds.
func WhereAny(conditions ...clause.Expression) clause.Clause {
	return clause.Clause{Name: "WHERE", Expression: clause.Where{Exprs: []clause.Expression{clause.Or(conditions...)}}}
}

// ColumnPlace returns the index of a column among columns, or -1.
func ColumnPlace(columns []clause.Column, name string) int {
	return slices.IndexFunc(columns, func(column clause.Column) bool { return column.Name == name })
}

// IsPlain reports whether GORM writes a value as it is, and not as SQL.
func IsPlain(v any) bool {
	switch v.(type) {
	case clause.Expression, gorm.Valuer, *gorm.DB:
		return false
	default:
		return true
	}
}

// InTransaction reports whether a statement runs in a transaction.
func InTransaction(db *gorm.DB) bool {
	_, inside := db.Statement.ConnPool.(gorm.TxCommitter)
	return inside
}
