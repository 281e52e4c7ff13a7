package timakgorm

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm/schema"
)

// triggerSet is the triggers of one tracked table, in one dialect.
type triggerSet struct {
	model *model
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
func (d dialect) triggersOf(m *model) (triggerSet, error) {
	var s triggerSet
	var err error
	if d.name == postgres.name {
		s = postgresTriggers(m)
	} else {
		s, err = sqliteTriggers(m)
	}
	s.model, s.table = m, m.table
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

// quoteName quotes an identifier, each part of one with a schema.
func quoteName(name string) string {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return quoteName(name[:i]) + "." + quotePart(name[i+1:])
	}
	return quotePart(name)
}

func quotePart(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// qualifies returns a function that writes the column of a row by its alias.
func qualifies(alias string) func(*schema.Field) string {
	return func(field *schema.Field) string { return alias + "." + quotePart(field.DBName) }
}

// seen is the condition that a row is not soft-deleted; "" if none ever is.
func seen(m *model, alias string) string {
	condition := m.visible
	for _, field := range m.visibility {
		condition = strings.ReplaceAll(condition, m.rowMark+m.quote(field.DBName), qualifies(alias)(field))
	}
	if condition == "" {
		return ""
	}
	return "(" + condition + ")"
}

// provided is a value where a condition holds, NULL elsewhere; "" always holds.
func provided(there, object string) string {
	if there == "" {
		return object
	}
	return fmt.Sprintf("CASE WHEN %s THEN %s END", there, object)
}

// pkOf is the primary key of a row as the outbox has it.
func (d dialect) pkOf(m *model, alias string) string {
	return fmt.Sprintf(d.array, strings.Join(each(m.keys, qualifies(alias)), ", "))
}

// watched are the columns on which the image depends.
func watched(m *model) []*schema.Field {
	fields := slices.Clone(m.columns)
	for _, field := range m.visibility {
		if !slices.Contains(fields, field) {
			fields = append(fields, field)
		}
	}
	return fields
}

func each(fields []*schema.Field, write func(*schema.Field) string) []string {
	parts := make([]string, len(fields))
	for i, field := range fields {
		parts[i] = write(field)
	}
	return parts
}

// joined joins the parts that are not empty.
func joined(separator string, parts ...string) string {
	var kept []string
	for _, part := range parts {
		if part != "" {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, separator)
}
