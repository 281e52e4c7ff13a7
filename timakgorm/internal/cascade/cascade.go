package cascade

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/guard"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/session"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// Keys are the foreign keys of the database that lead to tracked tables, as they were
// when last read. All methods may be called from any number of goroutines.
type Keys struct {
	tables   *dialect.Tables
	sessions *session.Sessions
	log      *slog.Logger

	mu     sync.Mutex
	schema uint64
	until  time.Time
	found  []*Table
}

// New returns the foreign keys that lead to the tables ts.
func New(ts *dialect.Tables, sessions *session.Sessions, log *slog.Logger) *Keys {
	return &Keys{tables: ts, sessions: sessions, log: log}
}

// keysFor is how long cached foreign keys are used. Schema changes by this program
// take effect at once, those by others after that time.
const keysFor = time.Minute

// Of returns the tracked tables and the tables from which foreign keys lead to them.
// It holds no lock while it reads them: it may wait for a connection that is held by
// a caller which needs the lock next.
func (f *Keys) Of(ctx context.Context, pool gorm.ConnPool) ([]*Table, error) {
	now := f.sessions.SchemaOf(pool)
	if tables, known := f.known(f.sessions.SchemaNear(now, pool)); known {
		return tables, nil
	}
	tables, err := f.readForeignKeys(ctx, pool)
	if err != nil {
		return nil, err
	}
	if now != session.AnySchema {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.found, f.schema, f.until = tables, now, time.Now().Add(keysFor)
	}
	return tables, nil
}

func (f *Keys) known(schema uint64) ([]*Table, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.found, f.schema == schema && schema != session.AnySchema && time.Now().Before(f.until)
}

// TablesNamed returns the tables that a name may mean.
func TablesNamed(tables []*Table, name string) (named []*Table) {
	in, bare := sqltext.SchemaOf(name), sqltext.Unqualified(name)
	for _, t := range tables {
		if sqltext.SameName(t.Name, bare) && (in == "" || sqltext.SameName(t.Schema, in)) {
			named = append(named, t)
		}
	}
	return named
}

// Resolve returns the table that a name, as the statement writes it, means to a
// connection, among the tables that it may mean; nil if it means another one.
func (f *Keys) Resolve(ctx context.Context, pool gorm.ConnPool, written string, named []*Table) (*Table, error) {
	if len(named) == 0 {
		return nil, nil
	}
	if !f.tables.Dialect.Lock {
		var hidden bool // by a temporary table or view
		err := pool.QueryRowContext(ctx, "SELECT NOT ("+f.tables.Dialect.SameSQL("")+")", sqltext.Unqualified(sqltext.Unquoted(written))).Scan(&hidden)
		if hidden && sqltext.SchemaOf(sqltext.Unquoted(written)) == "" || err != nil {
			return nil, err
		}
		return named[0], nil
	}
	var id int64
	err := pool.QueryRowContext(ctx, "SELECT coalesce(to_regclass($1)::oid::bigint, 0)", written).Scan(&id)
	for _, t := range named {
		if t.id == id && err == nil {
			return t, nil
		}
	}
	return nil, err
}

// Enabled reports whether foreign keys act on a connection's writes. On SQLite they
// may be switched off, but not inside a transaction.
func Enabled(ctx context.Context, d dialect.Dialect, pool gorm.ConnPool) (on bool, err error) {
	if d.Name != dialect.SQLite.Name {
		return true, nil
	}
	err = pool.QueryRowContext(ctx, "SELECT foreign_keys FROM pragma_foreign_keys").Scan(&on)
	return on, err
}

// HiddenFrom returns the tables of which a connection may not see and lock all rows.
// Foreign keys may still change those rows.
func HiddenFrom(ctx context.Context, d dialect.Dialect, pool gorm.ConnPool, tables []*Table) (hidden []*Table, err error) {
	if !d.Lock {
		return nil, nil
	}
	ids := make([]int64, len(tables))
	for i, t := range tables {
		ids[i] = t.id
	}
	list, err := model.JSON(ids)
	if err != nil {
		return nil, err
	}
	err = dialect.EachValues(ctx, pool, postgresHidden, []any{string(list)}, func(row []any) error {
		id, _ := row[0].(int64)
		for _, t := range tables {
			if t.id == id {
				hidden = append(hidden, t)
			}
		}
		return nil
	})
	return hidden, err
}

// postgresHidden leaves out dropped tables, whose privileges are NULL.
const postgresHidden = `SELECT c.oid::bigint FROM pg_class c
	WHERE c.oid IN (SELECT id::oid FROM json_array_elements_text($1::text::json) t(id)) AND (row_security_active(c.oid)
		OR NOT has_schema_privilege(c.relnamespace, 'USAGE') OR NOT has_table_privilege(c.oid, 'SELECT') OR NOT has_table_privilege(c.oid, 'UPDATE'))`

// Unfollowed is a tracked table that foreign keys may have changed although its rows
// are not followed.
type Unfollowed struct {
	table, parent, by, reason string
}

// UnfollowedOn returns the tracked tables on a course whose rows are not followed,
// each once.
func UnfollowedOn(db *gorm.DB, parent string, c *Course) (all []Unfollowed) {
	for _, end := range c.Ends {
		for _, t := range end.Shows {
			if name := t.Model.Table; end.blocked != "" && !guard.FollowedIn(db, name) {
				all = append(all, Unfollowed{name, parent, end.String(), end.blocked})
			}
		}
	}
	return eachOnce(all)
}

// Warn logs tables that foreign keys may have changed.
func (f *Keys) Warn(ctx context.Context, all []Unfollowed) {
	for _, u := range all {
		f.log.WarnContext(ctx, "timak: a statement on another table may have changed a tracked one; its timelines do not follow",
			"table", u.table, "parent", u.parent, "by", u.by, "reason", u.reason,
			"advice", "delete or change its rows through GORM first, or call Plugin.Rebuild, or set Options.Capture to Triggers")
	}
}

// impactsOfText returns what a verb of raw SQL, with the words after it, may do to the
// rows of the tables that it names.
func impactsOfText(d dialect.Dialect, verb string, words []string) (impacts []Impact) {
	replaces := d.Name == dialect.SQLite.Name && len(words) > 1 && sqltext.SameName(words[0], "or") && sqltext.SameName(words[1], "replace")
	gone, changed := Impact{Kind: RowsGo}, Impact{Kind: RowsChange, Columns: sqltext.NamesIn(sqltext.Assigned(words))}
	switch strings.ToLower(verb) {
	case "delete", "replace":
		return []Impact{gone}
	case "truncate":
		if sqltext.HasWord(words, "cascade") {
			return []Impact{{Kind: rowsTruncated}}
		}
	case "update":
		impacts = append(impacts, changed)
	case "merge":
		impacts = append(impacts, Impact{Kind: RowsChange, Columns: sqltext.NamesIn(words)})
		if sqltext.HasWord(words, "delete") {
			impacts = append(impacts, gone)
		}
	case "insert":
		if sqltext.HasWord(words, "conflict") && sqltext.HasWord(words, "update") {
			impacts = append(impacts, changed)
		}
	}
	if replaces {
		impacts = append(impacts, gone)
	}
	return impacts
}
