package timakgorm

import (
	"database/sql"
	"sync/atomic"

	"gorm.io/gorm"
)

// schemaVersion counts the changes of the schema that this process makes. What
// the database has said of tables holds until the next one. It is not believed
// while a change is being committed: a writer may wait for that commit, and then
// meet another schema than it was told of.
type schemaVersion struct {
	number  atomic.Uint64
	changes atomic.Int64 // that are under way
}

// anySchema is the version where nothing that is known can be believed, and
// nothing that is found may be remembered.
const anySchema = 0

// change begins a change, and returns what ends it.
func (s *schemaVersion) change() (end func()) {
	s.changes.Add(1)
	return func() {
		s.number.Add(1)
		s.changes.Add(-1)
	}
}

// is reports whether the schema is still that of a version.
func (s *schemaVersion) is(version uint64) bool {
	return s.number.Load() == version && s.changes.Load() == 0
}

// schemaOf returns the version of the schema that a connection sees. A
// transaction that has changed it sees one of its own, which may be rolled back;
// one that has begun before a change may see either; and of transactions that
// are not ours nobody knows what they have done.
func (p *Plugin) schemaOf(pool gorm.ConnPool) uint64 {
	version := p.schema.number.Load()
	if !p.schema.is(version) {
		return anySchema
	}
	if tx := transactionOf(pool); tx != nil {
		if tx.changesSchema || tx.schema != version {
			return anySchema
		}
		return version
	}
	if !commitsItself(pool) {
		return anySchema
	}
	return version
}

// commitsItself reports whether a pool runs each statement in a transaction of
// its own.
func commitsItself(pool gorm.ConnPool) bool {
	switch wrapper := pool.(type) {
	case *sql.DB, *commitPool:
		return true
	case *gorm.PreparedStmtDB:
		return commitsItself(wrapper.ConnPool)
	case *capture:
		return commitsItself(wrapper.ConnPool)
	default:
		return false
	}
}
