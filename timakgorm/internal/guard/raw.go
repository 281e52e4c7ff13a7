package guard

import (
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/session"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// CheckRaw refuses raw SQL that writes a tracked table with ErrUncaptured, or logs
// it with Options.Warn.
func (g *Guard) CheckRaw(db *gorm.DB) error {
	st := db.Statement
	if db.Error != nil || db.DryRun || st.SQL.Len() == 0 {
		return nil
	}
	text, may := statement.TextWith(db, sqltext.Writing)
	if !may {
		return nil
	}
	name, err := g.unfollowedBy(db, text)
	if name == "" || err != nil {
		return err
	}
	if g.opts.Warn {
		g.opts.Log.WarnContext(st.Context, "timak: raw SQL writes a tracked table; its timelines do not follow", "table", name)
		return nil
	}
	if elsewhere, err := g.writesElsewhere(st, text); elsewhere || err != nil {
		return err
	}
	return fmt.Errorf("timakgorm: raw SQL writes %s: %w: use db.Model(…), or timakgorm.Exec, which names the rows", name, statement.ErrUncaptured)
}

// unfollowedBy returns the name of a tracked table that raw SQL may write and whose
// rows are not followed; "" if there is none. If a name may mean several tracked
// tables, it asks the database which, where that is possible.
func (g *Guard) unfollowedBy(db *gorm.DB, text sqltext.Text) (string, error) {
	st := db.Statement
	for _, written := range text.Targets() {
		all := g.tables.Candidates(sqltext.Unquoted(written))
		i := slices.IndexFunc(all, func(t *dialect.Table) bool { return !FollowedIn(db, t.Model.Table) })
		if i < 0 {
			continue
		}
		if len(all) > 1 && !session.CommitsItself(st.ConnPool) && (!g.tables.Dialect.Numbered || sqltext.PostgresName.MatchString(written)) {
			m, err := g.sessions.MeaningOf(st.Context, st.ConnPool, written)
			if err != nil {
				return "", err
			}
			if m.Is != "" && FollowedIn(db, m.Is) {
				continue
			}
		}
		return all[i].Model.Table, nil
	}
	if name := statement.Mentioned(g.tables, text.Loose); name != "" && !FollowedIn(db, name) {
		return name, nil
	}
	return "", nil
}
