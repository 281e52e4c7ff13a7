package session

import (
	"context"
	"database/sql"
	"errors"
	"regexp"
	"strings"
	"sync"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/fault"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// The home of a tracked table is the schema in which a fresh connection of the
// pool finds it. A session may look elsewhere: it has set another search_path, or
// has created a temporary table of the same name. What it finds there is another
// table, which is not tracked. So timak's SQL that runs in a session of the
// user's writes out where its tables are, and asks what the statement's own name
// for the table means there (meaning.go).

// homes is what is known of the homes of all tracked tables.
type homes struct {
	facts Facts[dialect.Home]

	mu     sync.Mutex
	path   []string // Postgres: the schemas in which the pool's connections look
	user   string   // with which role; schemas that it may not use are skipped
	known  bool     // whether path and user have been read
	own    string   // the last known home of timak's tables; "" if unknown
	tables map[homed]*dialect.Table
}

// homed names a table and one of its homes.
type homed struct {
	table string
	at    dialect.Home
}

// errNoHome is returned if the tracked table or timak's own is not found. Either
// may be created at any time, so this is not remembered.
var errNoHome = errors.New("no such table")

// HomeOf returns a tracked table with SQL that writes out its home, or nil if
// there is no such table.
func (s *Sessions) HomeOf(ctx context.Context, pool gorm.ConnPool, t *dialect.Table) (*dialect.Table, error) {
	at, err := s.homes.facts.Of(t.Model.Table, s.SchemaOf(pool), func() (dialect.Home, error) { return s.askHome(ctx, pool, t.Model.Table) })
	switch {
	case err != nil && !errors.Is(err, errNoHome):
		return nil, fault.Named("find table "+t.Model.Table, err)
	case at.Schema == "":
		return nil, nil
	default:
		return s.homes.place(t, at), nil
	}
}

// HomeNow is HomeOf, but always asks the database.
func (s *Sessions) HomeNow(ctx context.Context, pool gorm.ConnPool, t *dialect.Table) (*dialect.Table, error) {
	at, err := s.askHome(ctx, pool, t.Model.Table)
	switch {
	case err != nil && !errors.Is(err, errNoHome):
		return nil, fault.Named("find table "+t.Model.Table, err)
	case at.Schema == "":
		return nil, nil
	default:
		return s.homes.place(t, at), nil
	}
}

// place returns a table with the SQL for a home.
func (h *homes) place(t *dialect.Table, at dialect.Home) *dialect.Table {
	h.mu.Lock()
	defer h.mu.Unlock()
	if at.Own != "" {
		h.own = at.Own
	}
	if placed := h.tables[homed{t.Model.Table, at}]; placed != nil {
		return placed
	}
	if h.tables == nil {
		h.tables = map[homed]*dialect.Table{}
	}
	placed := t.In(at)
	h.tables[homed{t.Model.Table, at}] = placed
	return placed
}

// ownName returns the name of one of timak's tables as a session of the user's
// must write it.
func (s *Sessions) ownName(name string) string {
	s.homes.mu.Lock()
	defer s.homes.mu.Unlock()
	return dialect.Prefix(s.homes.own) + name
}

// askHome asks the database for the home of a table.
func (s *Sessions) askHome(ctx context.Context, pool gorm.ConnPool, name string) (at dialect.Home, err error) {
	if !s.tables.Dialect.Numbered {
		at.Schema, err = sqliteHome(ctx, pool, name)
		return at, err
	}
	path, user, err := s.homePath(ctx, pool)
	if err != nil {
		return at, err
	}
	schemas, as := path, user
	if schema := sqltext.SchemaOf(name); schema != "" {
		schemas, as = []string{schema}, ""
	}
	some, err := model.JSON(schemas)
	if err != nil {
		return at, err
	}
	all, err := model.JSON(path)
	if err != nil {
		return at, err
	}
	err = pool.QueryRowContext(ctx, "SELECT "+firstOn("$1", "$2", "$3")+", "+firstOn("$4", "'timak_outbox'", "$5"),
		string(some), sqltext.Unqualified(s.tables.Dialect.Language.Clipped(name)), as, string(all), user).
		Scan(&at.Schema, &at.Own)
	if err == nil && (at.Schema == "" || at.Own == "") {
		err = errNoHome
	}
	return at, err
}

// firstOn returns SQL for the first schema of a list in which a user finds a
// table of this name. The user "" may use all schemas. It reads the catalogs,
// because to_regclass fails where the session's own role may not use a schema.
func firstOn(schemas, name, user string) string {
	return `coalesce((SELECT n.nspname::text FROM json_array_elements_text(` + schemas + `::json) WITH ORDINALITY s(name, i)
		JOIN pg_catalog.pg_namespace n ON n.nspname = s.name JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = ` + name + `
		WHERE ` + user + `::text = '' OR pg_catalog.has_schema_privilege(nullif(` + user + `::text, '')::name, n.oid, 'USAGE')
		ORDER BY s.i LIMIT 1), '')`
}

// sqliteHome returns the database file, main or an attached one, in which SQLite
// finds a table by a name if temporary tables are ignored. It looks at attached
// files only if it must, because a transaction keeps what it has seen of them.
func sqliteHome(ctx context.Context, pool gorm.ConnPool, name string) (schema string, err error) {
	if schema := sqltext.SchemaOf(name); schema == "" || sqltext.SameName(schema, "main") {
		var there bool
		err := pool.QueryRowContext(ctx, "SELECT count(*) > 0 FROM main.sqlite_master WHERE type IN ('table', 'view') AND name = ? COLLATE NOCASE",
			sqltext.Unqualified(name)).Scan(&there)
		if there || err != nil {
			return "main", err
		}
	}
	err = pool.QueryRowContext(ctx, `SELECT l.schema FROM pragma_table_list(?) l JOIN pragma_database_list d ON d.name = l.schema
		WHERE l.schema <> 'temp' AND (? = '' OR l.schema = ? COLLATE NOCASE) ORDER BY d.seq LIMIT 1`,
		sqltext.Unqualified(name), sqltext.SchemaOf(name), sqltext.SchemaOf(name)).Scan(&schema)
	if errors.Is(err, sql.ErrNoRows) {
		err = errNoHome
	}
	return schema, err
}

// LookAround finds out where the pool's connections look for tables, and where
// timak's own tables are, when the plugin is installed. If the database does not
// answer yet, the first statement asks.
func (s *Sessions) LookAround(db *gorm.DB) {
	pool, err := db.DB()
	if db.DryRun || err != nil {
		return
	}
	ctx := db.Statement.Context
	if s.askPath(ctx, pool, pathNow) != nil {
		return
	}
	if at, err := s.askHome(ctx, pool, "timak_outbox"); err == nil {
		s.homes.own = at.Own
	}
}

// homePath returns the schemas in which a connection of the pool looks for
// tables, and its role. It asks once, because all connections of a program must
// begin with the same. If the pool has no free connection, it asks the
// statement's own connection how it began.
func (s *Sessions) homePath(ctx context.Context, own gorm.ConnPool) (path []string, user string, err error) {
	if path, user, known := s.homes.pathKnown(); known {
		return path, user, nil
	}
	db, err := s.opts.DB()
	if err != nil {
		return nil, "", err
	}
	if s.askPath(ctx, db, pathNow) != nil {
		if err := s.askPath(ctx, own, pathAtFirst); err != nil {
			return nil, "", err
		}
	}
	path, user, _ = s.homes.pathKnown()
	return path, user, nil
}

func (h *homes) pathKnown() (path []string, user string, known bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.path, h.user, h.known
}

// The search_path of a session, now and when the session began, with its role.
const (
	pathNow     = "SELECT current_setting('search_path'), current_user"
	pathAtFirst = "SELECT reset_val, session_user FROM pg_catalog.pg_settings WHERE name = 'search_path'"
)

// pathTime is how long to wait for a connection to read the search_path from: the
// statement's own transaction may hold the only one.
const pathTime = time.Second

// askPath reads the search_path of a connection.
func (s *Sessions) askPath(ctx context.Context, pool interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}, question string,
) error {
	ctx, cancel := context.WithTimeout(ctx, pathTime)
	defer cancel()
	var path, user string
	if err := pool.QueryRowContext(ctx, question).Scan(&path, &user); err != nil {
		return fault.Named("read search_path", err)
	}
	s.homes.mu.Lock()
	defer s.homes.mu.Unlock()
	s.homes.path, s.homes.user, s.homes.known = schemasIn(path, user), user, true
	return nil
}

// pathPart matches a schema in a search_path.
var pathPart = regexp.MustCompile(`"((?:[^"]|"")*)"|[^\s,"]+`)

// schemasIn returns the schemas of a search_path, given as its setting writes
// them. It leaves out pg_temp.
func schemasIn(path, user string) []string {
	schemas := []string{}
	for _, part := range pathPart.FindAllStringSubmatch(path, -1) {
		schema := strings.ToLower(part[0])
		if strings.HasPrefix(schema, `"`) {
			schema = strings.ReplaceAll(part[1], `""`, `"`)
		}
		switch schema {
		case "$user":
			schemas = append(schemas, user)
		case "pg_temp":
		default:
			schemas = append(schemas, schema)
		}
	}
	return schemas
}
