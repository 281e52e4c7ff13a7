package timakgorm

import (
	"fmt"
	"regexp"
	"strings"

	"gorm.io/gorm"
)

// rawWrites finds the tables that a SQL text writes, wherever it names them: in
// a WITH, behind a comment. It may find more than there are, never fewer than
// the plain forms of Postgres and SQLite.
var rawWrites = regexp.MustCompile(`(?i)\b(?:insert\s+(?:or\s+\w+\s+)?into|replace\s+into|update(?:\s+or\s+\w+)?|delete\s+from|truncate(?:\s+table)?|merge\s+into|copy)\s+(?:only\s+)?` +
	"((?:[\"`\\[]?\\w+[\"`\\]]?\\s*[.,]\\s*)*[\"`\\[]?\\w+[\"`\\]]?)")

var identifier = regexp.MustCompile(`\w+(?:\.\w+)?`)

// checkRaw refuses SQL of the user's own that writes a tracked table.
func (p *Plugin) checkRaw(db *gorm.DB) error {
	st := db.Statement
	if db.Error != nil || db.DryRun || st.SQL.Len() == 0 {
		return nil
	}
	name := p.writtenByRaw(st.SQL.String())
	if name == "" {
		return nil
	}
	if p.opts.RawSQL == WarnRaw {
		p.opts.Logger.WarnContext(st.Context, "timak: raw SQL writes a tracked table; its timelines do not follow", "table", name)
		return nil
	}
	return fmt.Errorf("timakgorm: raw SQL writes %s: %w: use db.Model(…), or set Options.RawSQL to WarnRaw", name, ErrUncaptured)
}

// writtenByRaw returns the tracked table that a SQL text writes, if any.
func (p *Plugin) writtenByRaw(sql string) string {
	for _, match := range rawWrites.FindAllStringSubmatch(sql, -1) {
		plain := quotes.ReplaceAllString(match[1], "")
		for _, name := range identifier.FindAllString(plain, -1) {
			if t := p.named(name); t != nil {
				return t.model.table
			}
		}
	}
	return ""
}

var quotes = regexp.MustCompile("[\"`\\[\\]\\s]")

// named returns the tracked table with this name, whatever its case and with
// or without its schema.
func (p *Plugin) named(name string) *table {
	for _, t := range p.tables {
		if sameName(t.model.table, name) || sameName(unqualified(t.model.table), unqualified(name)) {
			return t
		}
	}
	return nil
}

func sameName(a, b string) bool { return strings.EqualFold(a, b) }
