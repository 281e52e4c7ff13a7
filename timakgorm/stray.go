package timakgorm

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"

	"gorm.io/gorm"
)

// A session strays when it may find other tables by a name than the pool's
// connections do. Statements that go through GORM tell: they set a search_path or
// a role, or make a temporary table. What else makes a session stray shows when one
// of its statements is followed.

// strays is what is known of the sessions that stray in this process.
type strays struct {
	any  atomic.Bool // any session may
	told seldom
}

// errElsewhere ends the following of a statement whose table has turned out to be
// another than the tracked one.
var errElsewhere = errors.New("the name means another table here")

// noteStray notes a statement by which its session may stray: to the end of its
// transaction, or any session from now on.
func (p *Plugin) noteStray(db *gorm.DB) error {
	if db.DryRun {
		return nil
	}
	text, may := textWith(db, straying)
	if !may || !p.makesStray(text, db.Statement.Vars) {
		return nil
	}
	tx := transactionOf(db.Statement.ConnPool)
	if tx != nil {
		tx.strays = true
	}
	if tx == nil || !hasWord(text.words, "local") {
		p.strays.any.Store(true)
	}
	return nil
}

// makesStray reports whether a session may stray after a statement.
func (p *Plugin) makesStray(text sqlText, vars []any) bool {
	for _, words := range [][]string{text.words, text.loose} {
		for i := range words {
			if setsPath(words[:i], words[i:]) || p.hidesTable(words[i:]) {
				return true
			}
		}
		named := func(v any) bool {
			name, ok := v.(string)
			return ok && namesSetting(name)
		}
		if hasWord(words, "set_config") && (slices.ContainsFunc(words, namesSetting) || slices.ContainsFunc(vars, named)) {
			return true
		}
	}
	return false
}

// namesSetting reports whether a word, or a text, names a setting on which it
// depends what tables a session finds.
func namesSetting(word string) bool {
	return hasWord([]string{strings.Trim(word, "'")}, "search_path", "role", "session_authorization")
}

// setsPath reports whether SQL sets such a setting, by a SET at the beginning of
// words: that of an UPDATE comes after more than the end of a statement.
func setsPath(before, words []string) bool {
	if !sameName(words[0], "set") && !sameName(words[0], "reset") {
		return false
	}
	if n := len(before); n > 0 && !hasWord(before[n-1:], ";", "begin", "then", "else", "loop", "execute") {
		return false
	}
	words = words[1:]
	for len(words) > 0 && hasWord(words[:1], "session", "local") {
		words = words[1:]
	}
	return len(words) > 0 && (namesSetting(words[0]) || hasWord(words[:1], "authorization", "schema", "all"))
}

// hidesTable reports whether SQL makes, at the beginning of words, a temporary
// table or view by the name of a tracked table.
func (p *Plugin) hidesTable(words []string) bool {
	switch {
	case hasWord(words[:1], "temp", "temporary"):
		words = words[1:]
		for len(words) > 0 && hasWord(words[:1], "table", "view", "recursive", "if", "not", "exists", ".") {
			words = words[1:]
		}
	case !hasWord(words[:1], "pg_temp"):
		return false
	}
	name, _ := tableName(words)
	return len(p.candidates(unqualified(name))) > 0
}

// mayStray reports whether a session may find other tables than the pool's
// connections.
func (p *Plugin) mayStray(pool gorm.ConnPool) bool {
	tx := transactionOf(pool)
	return p.strays.any.Load() || tx != nil && tx.strays
}

// namesOf is schemaOf for what the database has said of a name: in a session that
// strays it may mean something else.
func (p *Plugin) namesOf(pool gorm.ConnPool) uint64 {
	if p.mayStray(pool) {
		return anySchema
	}
	return p.schemaOf(pool)
}

// tellOfStray tells the log of a statement that has not been followed.
func (c *capture) tellOfStray(written string) {
	if !c.plugin.strays.told.now() {
		return
	}
	c.plugin.opts.Logger.InfoContext(c.db.Statement.Context,
		"timak: a session finds another table by the name of a tracked one; what is written there is not followed",
		"table", unquoted(written))
}
