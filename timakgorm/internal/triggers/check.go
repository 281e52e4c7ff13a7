package triggers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/session"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// ErrWrong is returned, wrapped with the table and what to do, for a tracked table
// whose triggers are not what Options.Installed asks for: missing or outdated with
// it, present without it, as callbacks would then record each change a second time.
// The write has not taken place, unless it ran outside a transaction while the table
// changed: the error says so.
var ErrWrong = errors.New("the table's triggers are not those of its rules")

// installedTrigger is a trigger of timak's that the database has.
type installedTrigger struct {
	name, table string // quoted, the table with its schema
	bare        string // the name, not quoted
	drop        string // the function to drop with it; empty on SQLite
	text        string
	disabled    bool
}

// Queries for timak's triggers, which have a mark in their text: those of one table,
// or all for an empty name.
const (
	postgresInstalled = `SELECT quote_ident(t.tgname), t.tgrelid::regclass::text, t.tgname,
		t.tgfoid::regprocedure::text, p.prosrc, t.tgenabled NOT IN ('O', 'A')
	FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
	WHERE NOT t.tgisinternal AND t.tgname LIKE 'timak\_%' AND p.prosrc LIKE E'\n-- timak %'
		AND t.tgparentid = 0 AND ($1 = '' OR t.tgrelid = to_regclass($1))`
	// postgresSharing asks for all triggers that share the functions of a table's
	// triggers: those of the tables below it, and of tables that had its name before.
	postgresSharing = `SELECT quote_ident(t.tgname), t.tgrelid::regclass::text, t.tgname,
		t.tgfoid::regprocedure::text, p.prosrc, t.tgenabled NOT IN ('O', 'A')
	FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
	WHERE p.prosrc LIKE E'\n-- timak %' AND t.tgfoid IN (SELECT o.tgfoid FROM pg_trigger o WHERE o.tgrelid = to_regclass($1))`
	sqliteInstalled = `SELECT '"' || replace(name, '"', '""') || '"', tbl_name, name, '', sql, false
	FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%/* timak %' AND (?1 = '' OR lower(tbl_name) = lower(?1))`
)

// installedTriggers returns timak's triggers of a table, or all of them.
func installedTriggers(ctx context.Context, d dialect.Dialect, pool gorm.ConnPool, table string) (found []installedTrigger, err error) {
	query := sqliteInstalled
	table = strings.TrimPrefix(table, "main.")
	if d.Name == dialect.Postgres.Name {
		query = postgresInstalled
		if table != "" {
			table = sqltext.QuoteName(table)
		}
	}
	return queryTriggers(ctx, pool, query, table)
}

func queryTriggers(ctx context.Context, pool gorm.ConnPool, query, table string) (found []installedTrigger, err error) {
	err = dialect.EachRow(ctx, pool, query, []any{table}, func(rows *sql.Rows) error {
		var t installedTrigger
		err := rows.Scan(&t.name, &t.table, &t.bare, &t.drop, &t.text, &t.disabled)
		found = append(found, t)
		return err
	})
	return found, err
}

// dropsOf returns the statements that drop triggers.
func dropsOf(d dialect.Dialect, found []installedTrigger) (statements []string) {
	var functions []string // dropped last: several triggers may share one
	for _, t := range found {
		if d.Name == dialect.SQLite.Name {
			statements = append(statements, "DROP TRIGGER IF EXISTS "+t.name)
			continue
		}
		statements = append(statements, "DROP TRIGGER IF EXISTS "+t.name+" ON "+t.table)
		functions = append(functions, "DROP FUNCTION IF EXISTS "+t.drop)
	}
	return append(statements, functions...)
}

// compare returns what is wrong with the triggers found on a table; nil if they are
// those of the set.
func (s triggerSet) compare(found []installedTrigger) error {
	byName := map[string]installedTrigger{}
	for _, t := range found {
		byName[t.bare] = t
	}
	for _, name := range s.names {
		t, there := byName[name]
		switch {
		case !there:
			return fmt.Errorf("trigger %s is missing", name)
		case !strings.Contains(t.text, s.mark()):
			return fmt.Errorf("trigger %s is outdated: it was made from other rules", name)
		case t.disabled:
			return fmt.Errorf("trigger %s is disabled", name)
		}
		delete(byName, name)
	}
	for name := range byName {
		return fmt.Errorf("trigger %s is outdated: the rules do not need it", name)
	}
	return nil
}

// tableTriggers is the triggers that a table should have, and when they were last
// found to be right.
type tableTriggers struct {
	triggerSet

	checked atomic.Uint64 // the version of the schema then; session.AnySchema: never
}

// triggersChecked reports whether all tables were found right in a version of the
// schema.
func (w *Watch) triggersChecked(version uint64) bool {
	for _, t := range w.triggers {
		if !t.known(version) {
			return false
		}
	}
	return true
}

func (t *tableTriggers) known(version uint64) bool {
	return version != session.AnySchema && t.checked.Load() == version
}

// Check returns ErrWrong or model.ErrColumns if a tracked table has not the triggers or
// the columns that it should have. A database that cannot be reached is no error.
func (w *Watch) Check(ctx context.Context) error {
	db, err := w.opts.DB()
	if err != nil {
		return err
	}
	if err := w.checkTriggers(ctx, db); errors.Is(err, ErrWrong) || errors.Is(err, model.ErrColumns) {
		return err
	}
	return nil // it may be possible to reach the database later
}

// checkTriggers checks every tracked table.
func (w *Watch) checkTriggers(ctx context.Context, pool gorm.ConnPool) error {
	for _, name := range slices.Sorted(maps.Keys(w.triggers)) {
		if err := w.triggers[name].check(ctx, w, pool); err != nil {
			return err
		}
	}
	return nil
}

// check returns an error if a table has not the triggers that it should have. It asks
// the database once in each version of the schema.
func (t *tableTriggers) check(ctx context.Context, w *Watch, pool gorm.ConnPool) error {
	version := w.sessions.SchemaOf(pool)
	if t.known(version) {
		return nil
	}
	name := t.table
	placed, err := w.sessions.HomeOf(ctx, pool, w.tables.Of(name))
	if err != nil {
		return err
	}
	if placed != nil { // the session may find another table by the bare name
		name = placed.At.Schema + "." + sqltext.Unqualified(name)
	}
	if err := dialect.CheckColumns(ctx, w.tables.Dialect, pool, w.tables.Of(t.table).Model, sqltext.QuoteName(name)); err != nil {
		return err
	}
	if err := t.checkGenerated(ctx, pool); err != nil {
		return err
	}
	found, err := installedTriggers(ctx, w.tables.Dialect, pool, name)
	if err != nil {
		return fmt.Errorf("timakgorm: look for triggers of %s: %w", t.table, err)
	}
	if !w.opts.Installed {
		if len(found) > 0 {
			return fmt.Errorf("timakgorm: %s: %w: it has trigger %s, but Options.Capture is Callbacks: "+
				"set it to Triggers, or call plugin.DropTriggers", t.table, ErrWrong, found[0].bare)
		}
	} else if err := t.compare(found); err != nil {
		return fmt.Errorf("timakgorm: %s: %w: %w: call plugin.InstallTriggers", t.table, ErrWrong, err)
	}
	if version != session.AnySchema {
		t.checked.Store(version)
	}
	return nil
}
