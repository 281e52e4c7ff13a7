package dialect

import (
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// SameSQL returns the condition that a name means the table from in the session
// that runs it. Its parameter is made by NameGiven.
func (d Dialect) SameSQL(from string) string {
	if d.Numbered {
		return "pg_catalog.to_regclass(CAST(? AS text)) = pg_catalog.to_regclass(" + sqltext.QuoteText(from) + ")"
	}
	return "NOT EXISTS (SELECT 1 FROM temp.sqlite_master WHERE type IN ('table', 'view') AND name = ? COLLATE NOCASE)"
}

// NameGiven returns the parameter of SameSQL for a name as the statement writes
// it. "" is a name whose meaning is known.
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
