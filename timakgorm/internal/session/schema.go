package session

import (
	"sync/atomic"

	"gorm.io/gorm"
)

// Schema counts the changes of the schema that this process makes. What the
// database has reported about tables holds until the next change. It is not used while a
// change is being committed: a writer may wait for that commit, and then meet
// another schema than was reported. Methods may be called from any number of
// goroutines.
type Schema struct {
	number  atomic.Uint64
	changes atomic.Int64 // changes under way
}

// AnySchema is the version of a schema of which nothing that is known may be
// used, and nothing that is found may be remembered.
const AnySchema = 0

// Change begins a change, and returns the function that ends it.
func (s *Schema) Change() (end func()) {
	s.changes.Add(1)
	return func() {
		s.number.Add(1)
		s.changes.Add(-1)
	}
}

// Now returns the version of the schema.
func (s *Schema) Now() uint64 { return s.number.Load() }

// Is reports whether the schema still has a version, and no change is under way.
func (s *Schema) Is(version uint64) bool {
	return s.number.Load() == version && s.changes.Load() == 0
}

// SchemaOf returns the version of the schema that a connection sees, or AnySchema
// if that is not known. A transaction that has changed the schema sees one of its
// own, which may be rolled back. One that began before a change may see either.
// Of a transaction that is not a Transaction nothing is known.
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

// SchemaNear returns now, but replaces AnySchema by the current version for a
// connection whose transactions are not seen, as in db.Connection. What is known
// holds for such a connection until this program changes the schema. What it
// finds itself may be rolled back, and is not remembered.
func (s *Sessions) SchemaNear(now uint64, pool gorm.ConnPool) uint64 {
	if version := s.Schema.Now(); now == AnySchema && TransactionOf(pool) == nil && s.Schema.Is(version) {
		return version
	}
	return now
}
