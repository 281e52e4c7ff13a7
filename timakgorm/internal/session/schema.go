package session

import (
	"sync/atomic"

	"gorm.io/gorm"
)

// Schema counts the changes of the schema that this process makes. What
// the database has said of tables holds until the next one. It is not believed
// while a change is being committed: a writer may wait for that commit, and then
// meet another schema than it was told of.
type Schema struct {
	number  atomic.Uint64
	changes atomic.Int64 // that are under way
}

// AnySchema is the version where nothing that is known can be believed, and
// nothing that is found may be remembered.
const AnySchema = 0

// Change begins a change, and returns what ends it.
func (s *Schema) Change() (end func()) {
	s.changes.Add(1)
	return func() {
		s.number.Add(1)
		s.changes.Add(-1)
	}
}

// Now returns the version that the schema has.
func (s *Schema) Now() uint64 { return s.number.Load() }

// Is reports whether the schema is still that of a version.
func (s *Schema) Is(version uint64) bool {
	return s.number.Load() == version && s.changes.Load() == 0
}

// SchemaOf returns the version of the schema that a connection sees. A
// transaction that has changed it sees one of its own, which may be rolled back;
// one that has begun before a change may see either; and of transactions that
// are not ours nobody knows what they have done.
func (s *Sessions) SchemaOf(pool gorm.ConnPool) uint64 {
	version := s.Schema.Now()
	if !s.Schema.Is(version) {
		return AnySchema
	}
	if tx := TransactionOf(pool); tx != nil {
		if tx.ChangesSchema || tx.Schema != version {
			return AnySchema
		}
		return version
	}
	if !CommitsItself(pool) {
		return AnySchema
	}
	return version
}

// SchemaNear is the version of the schema for a connection that is not ours to see,
// as in db.Connection: what is known holds for it until this program changes
// something. What it sees itself may be rolled back, and is not remembered.
func (s *Sessions) SchemaNear(now uint64, pool gorm.ConnPool) uint64 {
	if version := s.Schema.Now(); now == AnySchema && TransactionOf(pool) == nil && s.Schema.Is(version) {
		return version
	}
	return now
}
