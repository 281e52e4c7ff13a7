package timakgorm

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"gorm.io/gorm"
)

// The home of a tracked table is the schema in which a connection fresh from the
// pool finds it. A session may look elsewhere: it has set another search_path, or
// has made a temporary table of the same name. What it finds there is another
// table, which is not tracked. So SQL of ours that runs in a session of the
// user's writes out where its tables are, and asks what the statement's own name
// for the table means there (meaning.go).

// home is where a tracked table is, and where timak's own are: their schemas, ""
// where the session finds them by their bare names.
type home struct{ schema, own string }

// homes are what is known of the homes of all tracked tables.
type homes struct {
	facts schemaFacts[home]

	mu     sync.Mutex
	path   []string // the schemas in which the pool's connections look, on Postgres
	known  bool     // whether path has been asked
	own    string   // the home of timak's tables, as it was found last; "" if it was not
	tables map[homed]*table
}

// homed names the SQL of a table for one home.
type homed struct {
	table string
	at    home
}

// errNoHome is returned where the home holds no such table, or not timak's own.
// They may be made at any time, so it is not remembered.
var errNoHome = errors.New("no such table")

// isNoTable reports whether Postgres has not found a table or a schema.
func isNoTable(err error) bool { return slices.Contains([]string{"42P01", "3F000"}, stateOf(err)) }

// homeOf returns a tracked table with SQL that writes out its home; nil if there
// is no such table there.
func (p *Plugin) homeOf(ctx context.Context, pool gorm.ConnPool, t *table) (*table, error) {
	at, err := p.homes.facts.of(t.model.table, p.schemaOf(pool), func() (home, error) { return p.askHome(ctx, pool, t.model.table) })
	switch {
	case err != nil && !errors.Is(err, errNoHome):
		return nil, fmt.Errorf("timakgorm: where is the table %s: %w", t.model.table, err)
	case at.schema == "":
		return nil, nil
	default:
		return p.homes.place(t, at), nil
	}
}

// place returns a table with the SQL for a home.
func (h *homes) place(t *table, at home) *table {
	h.mu.Lock()
	defer h.mu.Unlock()
	if at.own != "" {
		h.own = at.own
	}
	if placed := h.tables[homed{t.model.table, at}]; placed != nil {
		return placed
	}
	if h.tables == nil {
		h.tables = map[homed]*table{}
	}
	placed := t.in(at)
	h.tables[homed{t.model.table, at}] = placed
	return placed
}

// in returns a table whose SQL writes out a home.
func (t *table) in(at home) *table {
	d := t.dialect
	d.own = prefix(at.own)
	return &table{model: t.model, dialect: d, at: at, sql: d.statementsAs(t.model, at, unqualified(t.model.table), t.sql.quote)}
}

// ownName returns a name of one of timak's tables as a session of the user's has to
// write it.
func (p *Plugin) ownName(name string) string {
	p.homes.mu.Lock()
	defer p.homes.mu.Unlock()
	return prefix(p.homes.own) + name
}

// prefix is a schema before a name.
func prefix(schema string) string {
	if schema == "" {
		return ""
	}
	return quotePart(schema) + "."
}

// askHome asks for the home of a table.
func (p *Plugin) askHome(ctx context.Context, pool gorm.ConnPool, name string) (at home, err error) {
	if !p.dialect.numbered {
		at.schema, err = sqliteHome(ctx, pool, name)
		return at, err
	}
	path, err := p.homePath(ctx)
	if err != nil {
		return at, err
	}
	schemas := path
	if schema := schemaOf(name); schema != "" {
		schemas = []string{schema}
	}
	some, err := marshal(schemas)
	if err != nil {
		return at, err
	}
	all, err := marshal(path)
	if err != nil {
		return at, err
	}
	err = pool.QueryRowContext(ctx, "SELECT "+firstOn("$1", "$2")+", "+firstOn("$3", "'timak_outbox'"), string(some), unqualified(name), string(all)).
		Scan(&at.schema, &at.own)
	if err == nil && (at.schema == "" || at.own == "") {
		err = errNoHome
	}
	return at, err
}

// firstOn is the first schema of a list in which there is a table of this name.
// It reads the catalogs: to_regclass fails where a role may not use a schema.
func firstOn(schemas, name string) string {
	return `coalesce((SELECT n.nspname::text FROM json_array_elements_text(` + schemas + `::json) WITH ORDINALITY s(name, i)
		JOIN pg_catalog.pg_namespace n ON n.nspname = s.name JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = ` + name + `
		ORDER BY s.i LIMIT 1), '')`
}

// sqliteHome returns the database file, main or one that is attached, in which
// SQLite finds a table by a name without temporary tables.
func sqliteHome(ctx context.Context, pool gorm.ConnPool, name string) (schema string, err error) {
	err = pool.QueryRowContext(ctx, `SELECT l.schema FROM pragma_table_list(?) l JOIN pragma_database_list d ON d.name = l.schema
		WHERE l.schema <> 'temp' AND (? = '' OR l.schema = ? COLLATE NOCASE) ORDER BY d.seq LIMIT 1`,
		unqualified(name), schemaOf(name), schemaOf(name)).Scan(&schema)
	if errors.Is(err, sql.ErrNoRows) {
		err = errNoHome
	}
	return schema, err
}

// lookAround learns where the pool's connections look for tables, and where
// timak's own are, when the plugin is put to use. Where no database answers yet,
// the first statement asks.
func (p *Plugin) lookAround(db *gorm.DB) {
	pool, err := db.DB()
	if db.DryRun || err != nil {
		return
	}
	ctx := db.Statement.Context
	if _, err = p.askPath(ctx, pool); err != nil {
		return
	}
	if at, err := p.askHome(ctx, pool, "timak_outbox"); err == nil {
		p.homes.own = at.own
	}
}

// homePath returns the schemas in which a connection of the pool looks for tables.
// It is asked once, as a program's connections should all begin alike.
func (p *Plugin) homePath(ctx context.Context) ([]string, error) {
	if path, known := p.homes.pathKnown(); known {
		return path, nil
	}
	db, err := p.db.DB()
	if err != nil {
		return nil, err
	}
	return p.askPath(ctx, db)
}

func (h *homes) pathKnown() (path []string, known bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.path, h.known
}

// pathTime is how long to wait for a connection that says where the pool's look
// for tables: a statement's own transaction may hold the only one.
const pathTime = 5 * time.Second

// askPath asks the pool's connections for their search_path.
func (p *Plugin) askPath(ctx context.Context, pool interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
},
) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, pathTime)
	defer cancel()
	var path, user string
	if err := pool.QueryRowContext(ctx, "SELECT current_setting('search_path'), current_user").Scan(&path, &user); err != nil {
		return nil, fmt.Errorf("timakgorm: ask for the search_path: %w", err)
	}
	p.homes.mu.Lock()
	defer p.homes.mu.Unlock()
	p.homes.path, p.homes.known = schemasIn(path, user), true
	return p.homes.path, nil
}

// pathPart is a schema in a search_path.
var pathPart = regexp.MustCompile(`"((?:[^"]|"")*)"|[^\s,"]+`)

// schemasIn returns the schemas of a search_path, as its setting writes them.
// Temporary tables have no part in it.
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
