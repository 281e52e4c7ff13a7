package timakgorm

import "gorm.io/gorm"

// writesElsewhere reports whether the tables that SQL of the user's own writes, and
// that have the name of a tracked one, are others in this session. It asks the
// database, and only where the text itself cannot change the answer.
func (p *Plugin) writesElsewhere(st *gorm.Statement, text sqlText) (bool, error) {
	if commitsItself(st.ConnPool) { // the statement may run on another connection
		return false, nil
	}
	if len(text.loose) > 0 || verbsIn(text.sql)&(defining|blocks) != 0 || p.makesStray(text, st.Vars) {
		return false, nil
	}
	_, more := statement(text.words)
	for _, written := range text.targets() {
		name := unquoted(written)
		if p.named(name) == nil {
			continue
		}
		if schemaOf(name) == "" && len(more) > 0 || p.dialect.numbered && !postgresName.MatchString(written) {
			return false, nil // what comes before it may lead elsewhere
		}
		m, err := p.meaningOf(st.Context, st.ConnPool, written)
		if err != nil || !m.found || m.is != "" || m.part != "" {
			return false, err
		}
	}
	return true, nil
}
