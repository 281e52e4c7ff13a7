package triggers

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
)

// triggerSet is the triggers of one tracked table, in one dialect.
type triggerSet struct {
	model *model.Model
	table string   // as the rules name it
	names []string // of the triggers
	hash  string   // stands in a comment of each trigger or its function
	up    []string // statements that put them there, in place of older ones
	down  []string // statements that take them away

	// below are statements that put them on a table below the tracked one, a
	// partition or one that inherits from it, in the place of whose name is
	// belowMark.
	below []string

	// shared are statements that make what the triggers of all tables need, where
	// it is not there.
	shared []string
}

const belowMark = "{below}"

// hashMark is where the text of a trigger holds its set's hash.
const hashMark = "{hash}"

// triggersOf writes the triggers of a table.
func triggersOf(d dialect.Dialect, m *model.Model) (triggerSet, error) {
	var s triggerSet
	var err error
	if d.Name == dialect.Postgres.Name {
		s = postgresTriggers(m)
	} else {
		s, err = sqliteTriggers(m)
	}
	s.model, s.table = m, m.Table
	s.seal()
	return s, err
}

// seal puts the hash of all that the set consists of where it belongs.
func (s *triggerSet) seal() {
	sum := sha256.Sum256([]byte(strings.Join(s.up, "\n")))
	s.hash = hex.EncodeToString(sum[:8])
	for i, statement := range s.up {
		s.up[i] = strings.ReplaceAll(statement, hashMark, s.mark())
	}
}

// mark is what the text of each trigger holds, as a comment.
func (s *triggerSet) mark() string { return "timak " + s.hash }
