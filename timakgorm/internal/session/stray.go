package session

import (
	"context"
	"slices"
	"sync/atomic"

	"golang.org/x/time/rate"
	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/sqltext"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

// A session strays when it may find other tables by a name than the pool's
// connections do. Statements that go through GORM tell: they set a search_path or
// a role, or make a temporary table. What else makes a session stray shows when one
// of its statements is followed.

// strays is what is known of the sessions that stray in this process.
type strays struct {
	any  atomic.Bool    // any session may
	told rate.Sometimes // a minute
}

// noteStray notes a statement by which its session may stray: to the end of its
// transaction, or any session from now on.
func (s *Sessions) noteStray(db *gorm.DB) error {
	if db.DryRun {
		return nil
	}
	text, may := statement.TextWith(db, sqltext.Straying)
	if !may || !s.MakesStray(text, db.Statement.Vars) {
		return nil
	}
	tx := TransactionOf(db.Statement.ConnPool)
	if tx != nil {
		tx.strays = true
	}
	if tx == nil || !sqltext.HasWord(text.Words, "local") {
		s.Stray()
	}
	return nil
}

// MakesStray reports whether a session may stray after a statement.
func (s *Sessions) MakesStray(text sqltext.Text, vars []any) bool {
	for _, words := range [][]string{text.Words, text.Loose} {
		for i := range words {
			if sqltext.SetsPath(words[:i], words[i:]) || s.hidesTable(words[i:]) {
				return true
			}
		}
		named := func(v any) bool {
			name, ok := v.(string)
			return ok && sqltext.NamesSetting(name)
		}
		if sqltext.HasWord(words, "set_config") && (slices.ContainsFunc(words, sqltext.NamesSetting) || slices.ContainsFunc(vars, named)) {
			return true
		}
	}
	return false
}

// hidesTable reports whether SQL makes, at the beginning of words, a temporary
// table or view by the name of a tracked table.
func (s *Sessions) hidesTable(words []string) bool {
	switch {
	case sqltext.HasWord(words[:1], "temp", "temporary"):
		words = words[1:]
		for len(words) > 0 && sqltext.HasWord(words[:1], "table", "view", "recursive", "if", "not", "exists", ".") {
			words = words[1:]
		}
	case !sqltext.HasWord(words[:1], "pg_temp"):
		return false
	}
	name, _ := sqltext.TableName(words)
	return len(s.tables.Candidates(sqltext.Unqualified(name))) > 0
}

// Stray notes that any session may stray from now on.
func (s *Sessions) Stray() { s.strays.any.Store(true) }

// MayStray reports whether a session may find other tables than the pool's
// connections.
func (s *Sessions) MayStray(pool gorm.ConnPool) bool {
	tx := TransactionOf(pool)
	return s.strays.any.Load() || tx != nil && tx.strays
}

// NamesOf is schemaOf for what the database has said of a name: in a session that
// strays it may mean something else.
func (s *Sessions) NamesOf(pool gorm.ConnPool) uint64 {
	if s.MayStray(pool) {
		return AnySchema
	}
	return s.SchemaOf(pool)
}

// TellOfStray tells the log of a statement that has not been followed.
func (s *Sessions) TellOfStray(ctx context.Context, written string) {
	s.strays.told.Do(func() {
		s.opts.Log.InfoContext(ctx, "timak: a session finds another table by the name of a tracked one; what is written there is not followed",
			"table", sqltext.Unquoted(written))
	})
}
