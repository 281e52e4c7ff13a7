package guard

import (
	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/session"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// writesElsewhere reports whether the tables that SQL of the user's own writes, and
// that have the name of a tracked one, are others in this session. It asks the
// database, and only where the text itself cannot change the answer.
func (g *Guard) writesElsewhere(st *gorm.Statement, text sqltext.Text) (bool, error) {
	if session.CommitsItself(st.ConnPool) { // the statement may run on another connection
		return false, nil
	}
	if len(text.Loose) > 0 || sqltext.VerbsIn(text.SQL)&(sqltext.Defining|sqltext.Blocks) != 0 || g.sessions.MakesStray(text, st.Vars) {
		return false, nil
	}
	_, more := sqltext.FirstStatement(text.Words)
	for _, written := range text.Targets() {
		name := sqltext.Unquoted(written)
		if g.tables.Named(name) == nil {
			continue
		}
		if sqltext.SchemaOf(name) == "" && len(more) > 0 || g.tables.Dialect.Numbered && !sqltext.PostgresName.MatchString(written) {
			return false, nil // what comes before it may lead elsewhere
		}
		m, err := g.sessions.MeaningOf(st.Context, st.ConnPool, written)
		if err != nil || !m.Found || m.Is != "" || m.Part != "" {
			return false, err
		}
	}
	return true, nil
}
