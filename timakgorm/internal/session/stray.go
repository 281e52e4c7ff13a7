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

// A session strays if it may find other tables by a name than the pool's
// connections do. Statements that go through GORM show it: they set a search_path
// or a role, or create a temporary table. Other causes show when a statement of
// the session is followed.

// strays is what is known of the sessions of this process that stray.
type strays struct {
	any  atomic.Bool    // any session may stray
	told rate.Sometimes // limits the log to one line a minute
}

// noteStray notes that a session may stray after a statement. Unless that ends
// with the transaction, any session may stray from now on.
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

// MakesStray reports whether a session may stray after a statement with this text
// and these parameters.
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

// hidesTable reports whether the SQL at the beginning of words creates a
// temporary table or view with the name of a tracked table.
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
// connections do.
func (s *Sessions) MayStray(pool gorm.ConnPool) bool {
	tx := TransactionOf(pool)
	return s.strays.any.Load() || tx != nil && tx.strays
}

// SchemaForNames is SchemaOf for what the database has reported about a name. In a
// session that strays the name may mean something else, so it is AnySchema.
func (s *Sessions) SchemaForNames(pool gorm.ConnPool) uint64 {
	if s.MayStray(pool) {
		return AnySchema
	}
	return s.SchemaOf(pool)
}

// TellOfStray logs that a statement was not followed, at most once a minute.
func (s *Sessions) TellOfStray(ctx context.Context, written string) {
	due := false
	s.strays.told.Do(func() { due = true }) // logged after Do, which holds a lock
	if due {
		s.opts.Log.InfoContext(ctx, "timak: a session finds another table by the name of a tracked one; what is written there is not followed",
			"table", sqltext.Unquoted(written))
	}
}
