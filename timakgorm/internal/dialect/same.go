package dialect

import (
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// SameSQL is the condition that a name means the table from, in the session that
// asks. Its parameter is that of nameGiven.
func (d Dialect) SameSQL(from string) string {
	if d.Numbered {
		return "pg_catalog.to_regclass(CAST(? AS text)) = pg_catalog.to_regclass(" + sqltext.QuoteText(from) + ")"
	}
	return "NOT EXISTS (SELECT 1 FROM temp.sqlite_master WHERE type IN ('table', 'view') AND name = ? COLLATE NOCASE)"
}

// NameGiven is the parameter of sameSQL for a name as it is written; "" is one
// whose meaning is known.
func (t *Table) NameGiven(written string) string {
	switch {
	case !t.Dialect.Numbered:
		return sqltext.Unquoted(written)
	case written == "":
		return t.SQL.From
	default:
		return written
	}
}
