package timakgorm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"gorm.io/gorm"
)

// A cascade is a foreign key of a tracked table by which the database itself
// changes the table's rows, when rows of another go or change their key. No
// callback sees that; it is told to the log.
type cascade struct {
	table  string // the tracked one
	parent string // without its schema
	column string // of the parent
	// What changes rows of the table: deletes of the parent, updates of its
	// column. TRUNCATE … CASCADE always does.
	onDelete, onUpdate bool
}

const (
	postgresCascades = `SELECT p.relname, a.attname, f.confdeltype IN ('c', 'n', 'd'), f.confupdtype IN ('c', 'n', 'd')
	FROM pg_constraint f JOIN pg_class p ON p.oid = f.confrelid
	JOIN pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = ANY(f.confkey)
	WHERE f.contype = 'f' AND f.conrelid = to_regclass($1)`
	sqliteCascades = `SELECT "table", coalesce("to", ''),
		upper(on_delete) IN ('CASCADE', 'SET NULL', 'SET DEFAULT'), upper(on_update) IN ('CASCADE', 'SET NULL', 'SET DEFAULT')
	FROM pragma_foreign_key_list(?)`
)

// cascades are those of all tracked tables, as they were when the plugin knew
// the schema last.
type cascades struct {
	mu     sync.Mutex
	schema uint64
	list   []cascade
}

// of returns the cascades, which it reads again after a change of the schema. It
// holds no lock meanwhile: it may have to wait for a connection that others hold
// who come here next.
func (c *cascades) of(ctx context.Context, p *Plugin, pool gorm.ConnPool) ([]cascade, error) {
	now := p.schemaOf(pool)
	if list, known := c.known(now); known {
		return list, nil
	}
	ctx, cancel := context.WithTimeout(ctx, cascadeTime)
	defer cancel()
	var list []cascade
	for name := range p.tables {
		some, err := p.dialect.cascadesOf(ctx, pool, name)
		if err != nil {
			return nil, fmt.Errorf("timakgorm: foreign keys of %s: %w", name, err)
		}
		list = append(list, some...)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list, c.schema = list, now
	return list, nil
}

// cascadeTime is how long a statement that has run waits for a connection, to
// find out what to say of it.
const cascadeTime = time.Second

func (c *cascades) known(schema uint64) ([]cascade, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.list, c.schema == schema && schema != anySchema
}

func (d dialect) cascadesOf(ctx context.Context, pool gorm.ConnPool, table string) (list []cascade, err error) {
	query, name := sqliteCascades, unqualified(table)
	if d.name == postgres.name {
		query, name = postgresCascades, quoteName(table)
	}
	rows, err := pool.QueryContext(ctx, query, name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		c := cascade{table: table}
		if err := rows.Scan(&c.parent, &c.column, &c.onDelete, &c.onUpdate); err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, rows.Err()
}

// warnOfCascades tells the log of a statement that has run and by which the
// database may have changed a tracked table.
func (p *Plugin) warnOfCascades(db *gorm.DB) error {
	st := db.Statement
	if p.opts.Capture != Callbacks || db.Error != nil || db.DryRun {
		return nil
	}
	text, may := textWith(db, writing)
	if !may {
		return nil
	}
	words := text.words
	if !slices.ContainsFunc(words, mayCascade) {
		return nil
	}
	list, err := p.cascades.of(st.Context, p, st.ConnPool)
	if err != nil { // the statement has run: what is only said of it must not fail it
		p.opts.Logger.WarnContext(st.Context, "timak: foreign keys could not be looked at", "error", err)
		return nil
	}
	var warned []string
	for i, word := range words {
		for _, name := range writeTargets(word, words[i+1:]) {
			for _, c := range list {
				if sameName(unqualified(unquoted(name)), c.parent) && c.follows(word, words[i+1:]) && !slices.Contains(warned, c.table) {
					warned = append(warned, c.table)
					p.opts.Logger.WarnContext(st.Context, "timak: the database may have changed a tracked table by a foreign key; its timelines do not follow",
						"table", c.table, "parent", c.parent, "advice", "change its rows first, or set Options.Capture to Triggers")
				}
			}
		}
	}
	return nil
}

// mayCascade reports whether a word begins a statement that foreign keys pass
// on.
func mayCascade(word string) bool {
	return slices.ContainsFunc([]string{"delete", "update", "truncate", "replace", "merge"}, func(verb string) bool { return sameName(word, verb) })
}

// follows reports whether a statement on the parent changes rows of the tracked
// table.
func (c cascade) follows(verb string, words []string) bool {
	switch strings.ToLower(verb) {
	case "truncate":
		return slices.ContainsFunc(words, func(word string) bool { return sameName(word, "cascade") })
	case "update", "merge", "insert":
		return c.onUpdate && (c.column == "" || slices.ContainsFunc(words, func(word string) bool {
			return sameName(strings.Trim(word, "\"`[]"), c.column)
		}))
	default:
		return c.onDelete
	}
}
