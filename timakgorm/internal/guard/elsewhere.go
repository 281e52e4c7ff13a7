package guard

import (
	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/session"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// writesElsewhere reports whether raw SQL writes only tables that have the name of a
// tracked one in this session but are others. It asks the database, and reports false
// if the text itself may change the answer.
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
			return false, nil // an earlier statement of the text may change what the name means
		}
		m, err := g.sessions.MeaningOf(st.Context, st.ConnPool, written)
		if err != nil || !m.Found || m.Is != "" || m.Part != "" {
			return false, err
		}
	}
	return true, nil
}
