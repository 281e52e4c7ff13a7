package timakgorm

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"gorm.io/gorm"
)

// foreignKeys are those of the database that lead to tracked tables, as they were
// when the plugin looked last.
type foreignKeys struct {
	mu     sync.Mutex
	schema uint64
	until  time.Time
	tables []*fkTable
}

// foreignKeysFor is how long the cached foreign keys are used. What this program
// changes of the schema is known at once; what others change, after that.
const foreignKeysFor = time.Minute

// of returns the tables from which foreign keys lead to tracked ones, and these. It
// holds no lock while it asks: it may have to wait for a connection that others
// hold who come here next.
func (f *foreignKeys) of(ctx context.Context, p *Plugin, pool gorm.ConnPool) ([]*fkTable, error) {
	now := p.schemaOf(pool)
	if tables, known := f.known(p.schemaNear(now, pool)); known {
		return tables, nil
	}
	tables, err := p.readForeignKeys(ctx, pool)
	if err != nil {
		return nil, err
	}
	if now != anySchema {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.tables, f.schema, f.until = tables, now, time.Now().Add(foreignKeysFor)
	}
	return tables, nil
}

// schemaNear is the version of the schema for a connection that is not ours to see,
// as in db.Connection: what is known holds for it until this program changes
// something. What it sees itself may be rolled back, and is not remembered.
func (p *Plugin) schemaNear(now uint64, pool gorm.ConnPool) uint64 {
	if version := p.schema.number.Load(); now == anySchema && transactionOf(pool) == nil && p.schema.is(version) {
		return version
	}
	return now
}

func (f *foreignKeys) known(schema uint64) ([]*fkTable, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tables, f.schema == schema && schema != anySchema && time.Now().Before(f.until)
}

// tablesNamed returns those that a name may mean.
func tablesNamed(tables []*fkTable, name string) (named []*fkTable) {
	in, bare := schemaOf(name), unqualified(name)
	for _, t := range tables {
		if sameName(t.name, bare) && (in == "" || sameName(t.schema, in)) {
			named = append(named, t)
		}
	}
	return named
}

// theOne returns the table that a name, as it is written, means to a connection,
// among those that it may mean; nil if it is another.
func (p *Plugin) theOne(ctx context.Context, pool gorm.ConnPool, written string, named []*fkTable) (*fkTable, error) {
	if len(named) == 0 {
		return nil, nil
	}
	if !p.dialect.lock {
		var hidden bool // by a temporary table or view
		err := pool.QueryRowContext(ctx, "SELECT NOT ("+p.dialect.sameSQL("")+")", unqualified(unquoted(written))).Scan(&hidden)
		if hidden && schemaOf(unquoted(written)) == "" || err != nil {
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

// actOn reports whether a connection has foreign keys do anything. SQLite's may
// not; inside of a transaction that cannot change.
func (d dialect) actOn(ctx context.Context, pool gorm.ConnPool) (on bool, err error) {
	if d.name != sqlite.name {
		return true, nil
	}
	err = pool.QueryRowContext(ctx, "SELECT foreign_keys FROM pragma_foreign_keys").Scan(&on)
	return on, err
}

// hidden returns the tables of which a connection may not see and lock all rows. The
// database itself may change them by foreign keys all the same.
func (d dialect) hidden(ctx context.Context, pool gorm.ConnPool, tables []*fkTable) (hidden []*fkTable, err error) {
	if !d.lock {
		return nil, nil
	}
	ids := make([]int64, len(tables))
	for i, t := range tables {
		ids[i] = t.id
	}
	list, err := marshal(ids)
	if err != nil {
		return nil, err
	}
	err = eachRow(ctx, pool, postgresHidden, []any{string(list)}, func(row []any) error {
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

// unfollowed is a tracked table that foreign keys may have changed, and how.
type unfollowed struct {
	table, parent, by, reason string
}

// unfollowedOn returns the tracked tables at the ends of a course whose rows are
// not followed, each once.
func unfollowedOn(db *gorm.DB, parent string, c *course) (all []unfollowed) {
	for _, end := range c.ends {
		for _, t := range end.shows {
			if name := t.model.table; end.blocked != "" && !followedIn(db, name) {
				all = append(all, unfollowed{name, parent, end.String(), end.blocked})
			}
		}
	}
	return eachOnce(all)
}

// tell tells the log of tables that foreign keys may have changed.
func (p *Plugin) tell(ctx context.Context, all []unfollowed) {
	for _, u := range all {
		p.opts.Logger.WarnContext(ctx, "timak: a statement on another table may have changed a tracked one; its timelines do not follow",
			"table", u.table, "parent", u.parent, "by", u.by, "reason", u.reason,
			"advice", "delete or change its rows through GORM first, or call Plugin.Rebuild, or set Options.Capture to Triggers")
	}
}

// impactsOfText returns what a verb of a SQL text, with what follows it, does to the
// rows of the tables that it names. A text may do less.
func (d dialect) impactsOfText(verb string, words []string) (impacts []impact) {
	replaces := d.name == sqlite.name && len(words) > 1 && sameName(words[0], "or") && sameName(words[1], "replace")
	gone, changed := impact{kind: rowsGo}, impact{kind: rowsChange, columns: namesIn(assigned(words))}
	switch strings.ToLower(verb) {
	case "delete", "replace":
		return []impact{gone}
	case "truncate":
		if hasWord(words, "cascade") {
			return []impact{{kind: rowsTruncated}}
		}
	case "update":
		impacts = append(impacts, changed)
	case "merge":
		impacts = append(impacts, impact{kind: rowsChange, columns: namesIn(words)})
		if hasWord(words, "delete") {
			impacts = append(impacts, gone)
		}
	case "insert":
		if hasWord(words, "conflict") && hasWord(words, "update") {
			impacts = append(impacts, changed)
		}
	}
	if replaces {
		impacts = append(impacts, gone)
	}
	return impacts
}

// assigned returns the words between SET and what follows the assignments; all of
// them if there is no SET.
func assigned(words []string) []string {
	set := slices.IndexFunc(words, func(word string) bool { return sameName(word, "set") })
	if set < 0 {
		return words
	}
	words = words[set+1:]
	depth := 0
	for i, word := range words {
		switch {
		case word == "(":
			depth++
		case word == ")":
			depth--
		case depth == 0 && hasWord(words[i:i+1], "from", "where", "returning", ";"):
			return words[:i]
		}
	}
	return words
}

// namesIn returns all the names among some words.
func namesIn(words []string) []string {
	names := []string{}
	for i, word := range words {
		if isName(word) {
			names = append(names, namePart(word, escapeOf(words[i+1:])))
		}
	}
	return names
}
