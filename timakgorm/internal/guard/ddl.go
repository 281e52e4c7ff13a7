package guard

import (
	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/sqltext"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// DDL may change rows without firing a trigger: it recomputes a column, attaches or
// detaches a partition. Timelines do not follow that, so it is logged.

// warnOfDDL logs DDL that may change rows of a tracked table. It runs before the
// statement, as a detached partition is no longer one afterwards.
func (g *Guard) warnOfDDL(db *gorm.DB) error {
	st := db.Statement
	if db.Error != nil || db.DryRun {
		return nil
	}
	text, may := statement.TextWith(db, sqltext.Defining)
	if !may {
		return nil
	}
	for i := range text.Words {
		for _, written := range sqltext.RowsChangedBy(text.Words[i:]) {
			name := ""
			if t := g.tables.Named(sqltext.Unquoted(written)); t != nil {
				name = t.Model.Table
			} else if parent, err := g.partOf(st.Context, st.ConnPool, written); err != nil {
				return err
			} else {
				name = parent
			}
			if name != "" {
				g.opts.Log.WarnContext(st.Context, "timak: DDL may change rows of a tracked table; its timelines do not follow",
					"table", name, "advice", "call Plugin.Rebuild, and call it again with the keys that no row has any more")
			}
		}
	}
	return nil
}
