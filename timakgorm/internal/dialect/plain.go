package dialect

import (
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// plainOf returns the condition that an update of a table changes nothing but
// what it sets: there are no triggers or computed columns. It is "" if the
// database cannot be asked.
func (d Dialect) plainOf(m *model.Model, s Statements) string {
	if d.Numbered {
		return d.own + "timak_plain(" + sqltext.QuoteText(s.From) + ")"
	}
	if sqltext.SchemaOf(m.Table) != "" {
		return ""
	}
	name := sqltext.QuoteText(m.Table)
	return "NOT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND tbl_name = " + name + " COLLATE NOCASE" +
		" UNION ALL SELECT 1 FROM sqlite_temp_master WHERE type = 'trigger' AND tbl_name = " + name + " COLLATE NOCASE" +
		" UNION ALL SELECT 1 FROM pragma_table_xinfo(" + name + ") WHERE hidden > 1)"
}
