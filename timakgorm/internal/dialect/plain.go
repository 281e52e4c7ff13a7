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
	return "NOT EXISTS (" + sqliteTriggersOn(name, "") + " UNION ALL SELECT 1 FROM pragma_table_xinfo(" + name + ") WHERE hidden > 1)"
}

// stillPlainOf returns the condition that a table which was plain is it still. Its
// parameters are what definedSQL has returned then, if that is not "": to look at the
// columns again would take longer than most updates.
func (d Dialect) stillPlainOf(m *model.Model, s Statements) (condition, definedSQL string) {
	if d.Numbered || s.Plain == "" {
		return s.Plain, ""
	}
	name := sqltext.QuoteText(m.Table)
	return "NOT EXISTS (" + sqliteTriggersOn(name, " OR type = 'table' AND sql IS NOT ?") + ")",
		"SELECT sql FROM sqlite_master WHERE type = 'table' AND name = " + name + " COLLATE NOCASE"
}

// sqliteTriggersOn selects a row if there is a trigger on a table, or what or says of
// sqlite_master holds.
func sqliteTriggersOn(name, or string) string {
	on := "tbl_name = " + name + " COLLATE NOCASE"
	return "SELECT 1 FROM sqlite_master WHERE " + on + " AND (type = 'trigger'" + or + ")" +
		" UNION ALL SELECT 1 FROM sqlite_temp_master WHERE type = 'trigger' AND " + on
}
