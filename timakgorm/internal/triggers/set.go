package triggers

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
)

// triggerSet is the triggers of one tracked table, in one dialect.
type triggerSet struct {
	model *model.Model
	table string   // as the rules name it
	names []string // of the triggers
	hash  string   // in a comment of each trigger or its function
	up    []string // statements that create them, in place of older ones
	down  []string // statements that drop them

	// listed are fields of SQLite whose columns must not be generated.
	listed []*schema.Field

	// below are statements that create them on a table below the tracked one: a
	// partition, or a table that inherits from it. belowMark stands for its name.
	below []string

	// shared are statements that create what the triggers of all tables need, unless
	// it exists.
	shared []string
}

const belowMark = "{below}"

// hashMark stands for the set's hash in the text of a trigger.
const hashMark = "{hash}"

// triggersOf returns the triggers of a model's table. trades says that rows of the
// tracked models may trade places within a statement.
func triggersOf(d dialect.Dialect, m *model.Model, trades bool) (triggerSet, error) {
	var s triggerSet
	var err error
	if d.Name == dialect.Postgres.Name {
		s = postgresTriggers(m)
	} else {
		s, err = sqliteTriggers(m, trades)
	}
	s.model, s.table = m, m.Table
	s.seal()
	return s, err
}

// seal computes the hash of the set's statements and puts it into them.
func (s *triggerSet) seal() {
	sum := sha256.Sum256([]byte(strings.Join(s.up, "\n")))
	s.hash = hex.EncodeToString(sum[:8])
	for i, statement := range s.up {
		s.up[i] = strings.ReplaceAll(statement, hashMark, s.mark())
	}
}

// mark returns the comment in the text of each trigger.
func (s *triggerSet) mark() string { return "timak " + s.hash }
