package timakgorm

import "gorm.io/gorm"

// DDL may change rows, and no trigger is told: a column computed anew, partitions
// that come and go. The log is.

// warnOfDDL tells the log of DDL that may change rows of a tracked table. It
// comes before the statement: a partition is one no more afterwards.
func (p *Plugin) warnOfDDL(db *gorm.DB) error {
	st := db.Statement
	if db.Error != nil || db.DryRun {
		return nil
	}
	text, may := textWith(db, defining)
	if !may {
		return nil
	}
	for i := range text.words {
		for _, written := range rowsChangedBy(text.words[i:]) {
			name := ""
			if t := p.named(unquoted(written)); t != nil {
				name = t.model.table
			} else if parent, err := p.partOf(st.Context, st.ConnPool, written); err != nil {
				return err
			} else {
				name = parent
			}
			if name != "" {
				p.opts.Logger.WarnContext(st.Context, "timak: DDL may change rows of a tracked table; its timelines do not follow",
					"table", name, "advice", "call Plugin.Rebuild, with the keys that no row has any more")
			}
		}
	}
	return nil
}

// rowsChangedBy returns the tables, as they are written, whose rows DDL at the
// beginning of words may change.
func rowsChangedBy(words []string) []string {
	if len(words) < 3 || !sameName(words[1], "table") {
		return nil
	}
	tables := tableNames(afterWord(words[2:], "if", 2))
	switch {
	case sameName(words[0], "drop"):
		return tables
	case sameName(words[0], "alter") && hasWord(words, "using", "attach", "detach"):
		return tables
	default:
		return nil
	}
}
