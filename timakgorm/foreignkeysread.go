package timakgorm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"
)

// fkReader reads tables and foreign keys from a database.
type fkReader struct {
	pool    gorm.ConnPool
	dialect dialect
	tracked []*table // at their homes
	tables  []*fkTable
	keys    []*foreignKey
}

// readForeignKeys returns the tables from which foreign keys lead to tracked ones,
// and these, as a connection sees them.
func (p *Plugin) readForeignKeys(ctx context.Context, pool gorm.ConnPool) ([]*fkTable, error) {
	r := &fkReader{pool: pool, dialect: p.dialect}
	for _, t := range p.sortedTables() {
		placed, err := p.homeOf(ctx, pool, t)
		if err != nil {
			return nil, err
		}
		if placed != nil {
			r.tracked = append(r.tracked, placed)
		}
	}
	read := r.sqlite
	if p.dialect.name == postgres.name {
		read = r.postgres
	}
	if err := read(ctx); err != nil {
		return nil, fmt.Errorf("timakgorm: foreign keys: %w", err)
	}
	return link(r.tables, r.keys), nil
}

// each calls scan for every row of a query.
func (r *fkReader) each(ctx context.Context, query string, args []any, scan func(*rows) error) (err error) {
	found, err := r.pool.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	for found.Next() {
		if err := scan(found); err != nil {
			return err
		}
	}
	return found.Err()
}

// Postgres' tables: those that foreign keys join, those that are parts of others,
// and the tracked ones.
const (
	postgresRelations = `SELECT c.oid::bigint, n.nspname, c.relname, c.relkind = 'p',
		EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attgenerated <> ''),
		coalesce((SELECT min(t.n) FROM json_to_recordset($1::text::json) t(n bigint, schema text, name text) WHERE t.schema = n.nspname AND t.name = c.relname), -1)
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE c.relkind IN ('r', 'p') AND (c.oid IN (SELECT conrelid FROM pg_constraint WHERE contype = 'f' UNION SELECT confrelid FROM pg_constraint WHERE contype = 'f'
		UNION SELECT inhrelid FROM pg_inherits UNION SELECT inhparent FROM pg_inherits
		) OR (n.nspname, c.relname) IN (SELECT t.schema, t.name FROM json_to_recordset($1::text::json) t(schema text, name text)))`
	postgresParts = `WITH RECURSIVE below AS (
			SELECT inhparent, inhrelid FROM pg_inherits
			UNION SELECT b.inhparent, i.inhrelid FROM below b JOIN pg_inherits i ON i.inhparent = b.inhrelid
		)
		SELECT inhparent::bigint, inhrelid::bigint FROM below`
	// Foreign keys of parts that come with those of the whole have a parent.
	postgresForeignKeys = `SELECT f.conname, f.conrelid::bigint, f.confrelid::bigint, f.confdeltype::text, f.confupdtype::text,
		(SELECT json_agg(json_build_object('name', c.attname, 'refers', r.attname,
				'type', quote_ident(tn.nspname) || '.' || quote_ident(t.typname),
				'collation', quote_ident(ln.nspname) || '.' || quote_ident(l.collname)) ORDER BY k.n)::text
			FROM unnest(f.conkey, f.confkey) WITH ORDINALITY k(child, parent, n)
			JOIN pg_attribute c ON c.attrelid = f.conrelid AND c.attnum = k.child
			JOIN pg_attribute r ON r.attrelid = f.confrelid AND r.attnum = k.parent
			JOIN pg_type t ON t.oid = r.atttypid JOIN pg_namespace tn ON tn.oid = t.typnamespace
			LEFT JOIN pg_collation l ON l.oid = r.attcollation LEFT JOIN pg_namespace ln ON ln.oid = l.collnamespace),
		(SELECT json_agg(a.attname)::text FROM pg_attribute a WHERE a.attrelid = f.conrelid AND
			jsonb_typeof(to_jsonb(f) -> 'confdelsetcols') = 'array' AND to_jsonb(f) -> 'confdelsetcols' @> to_jsonb(a.attnum))
	FROM pg_constraint f WHERE f.contype = 'f' AND f.conparentid = 0`
)

func (r *fkReader) postgres(ctx context.Context) error {
	type place struct {
		N      int    `json:"n"`
		Schema string `json:"schema"`
		Name   string `json:"name"`
	}
	places := make([]place, len(r.tracked))
	for i, t := range r.tracked {
		places[i] = place{i, t.at.schema, unqualified(r.dialect.clipped(t.model.table))}
	}
	list, err := marshal(places)
	if err != nil {
		return err
	}
	known := map[int64]*fkTable{}
	err = r.each(ctx, postgresRelations, []any{string(list)}, func(found *rows) error {
		t, tracked := &fkTable{}, -1
		if err := found.Scan(&t.id, &t.schema, &t.name, &t.whole, &t.computed, &tracked); err != nil {
			return err
		}
		t.from = quotePart(t.schema) + "." + quotePart(t.name)
		if tracked >= 0 {
			t.own = r.tracked[tracked]
			t.shows = []*table{t.own}
		}
		known[t.id], r.tables = t, append(r.tables, t)
		return nil
	})
	if err != nil {
		return err
	}
	if err := r.postgresParts(ctx, known); err != nil {
		return err
	}
	return r.each(ctx, postgresForeignKeys, nil, func(found *rows) error { return r.postgresKey(found, known) })
}

func (r *fkReader) postgresParts(ctx context.Context, known map[int64]*fkTable) error {
	return r.each(ctx, postgresParts, nil, func(found *rows) error {
		var whole, part int64
		if err := found.Scan(&whole, &part); err != nil {
			return err
		}
		if w, p := known[whole], known[part]; w != nil && p != nil {
			w.parts = append(w.parts, p)
			if w.own != nil {
				p.shows = append(p.shows, w.own)
			}
		}
		return nil
	})
}

func (r *fkReader) postgresKey(found *rows, known map[int64]*fkTable) error {
	k := &foreignKey{}
	var child, parent int64
	var onDelete, onUpdate, columns string
	var clears *string
	if err := found.Scan(&k.name, &child, &parent, &onDelete, &onUpdate, &columns, &clears); err != nil {
		return err
	}
	k.child, k.parent = known[child], known[parent]
	k.onDelete, k.onUpdate = fkActionOf(onDelete), fkActionOf(onUpdate)
	if clears != nil {
		if err := json.Unmarshal([]byte(*clears), &k.clears); err != nil {
			return err
		}
	}
	if k.child == nil || k.parent == nil { // made or dropped in this moment
		return nil
	}
	r.keys = append(r.keys, k)
	return json.Unmarshal([]byte(columns), &k.columns)
}

// fkActionOf reads an action as either database writes it.
func fkActionOf(text string) fkAction {
	switch strings.ToUpper(text) {
	case "C", "CASCADE":
		return cascades
	case "N", "SET NULL":
		return setsNull
	case "D", "SET DEFAULT":
		return setsDefault
	default:
		return doesNothing
	}
}

// SQLite's foreign keys are of one schema, which they do not name. A key that names
// no columns refers to the primary key.
const (
	sqliteRelations = `SELECT m.name, coalesce(m.sql, ''), EXISTS (SELECT 1 FROM pragma_table_xinfo(m.name, %[2]s) WHERE hidden > 1)
	FROM %[1]s.sqlite_master m WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL%%'`
	sqliteForeignKeys = `SELECT m.name, k.id, k."table", k."from",
		coalesce(k."to", (SELECT t.name FROM pragma_table_info(k."table", %[2]s) t WHERE t.pk = k.seq + 1), ''), k.on_delete, k.on_update
	FROM %[1]s.sqlite_master m, pragma_foreign_key_list(m.name, %[2]s) k WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL%%' ORDER BY m.name, k.id, k.seq`
)

func (r *fkReader) sqlite(ctx context.Context) error {
	var schemas []string
	for _, t := range r.tracked { // foreign keys lead to no other schema
		if !slices.Contains(schemas, t.at.schema) {
			schemas = append(schemas, t.at.schema)
		}
	}
	for _, schema := range schemas {
		if err := r.sqliteSchema(ctx, schema); err != nil {
			return err
		}
	}
	return nil
}

func (r *fkReader) sqliteSchema(ctx context.Context, schema string) error {
	ask := func(query string, scan func(*rows) error) error {
		return r.each(ctx, fmt.Sprintf(query, quotePart(schema), quoteText(schema)), nil, scan)
	}
	known := map[string]*fkTable{}
	err := ask(sqliteRelations, func(found *rows) error {
		t, definition := &fkTable{schema: schema}, ""
		if err := found.Scan(&t.name, &definition, &t.computed); err != nil {
			return err
		}
		t.from = quotePart(schema) + "." + quotePart(t.name)
		t.replaces = strings.Contains(strings.ToUpper(strings.Join(onConflict.FindAllString(definition, -1), " ")), "REPLACE")
		if t.own = r.trackedIn(schema, t.name); t.own != nil {
			t.shows = []*table{t.own}
		}
		known[strings.ToLower(t.name)], r.tables = t, append(r.tables, t)
		return nil
	})
	if err != nil {
		return err
	}
	last := int64(-1)
	var k *foreignKey
	return ask(sqliteForeignKeys, func(found *rows) error {
		var child, parent, onDelete, onUpdate string
		var id int64
		var column fkColumn
		if err := found.Scan(&child, &id, &parent, &column.Name, &column.Refers, &onDelete, &onUpdate); err != nil {
			return err
		}
		if k == nil || id != last || k.child != known[strings.ToLower(child)] {
			k = &foreignKey{child: known[strings.ToLower(child)], parent: known[strings.ToLower(parent)], onDelete: fkActionOf(onDelete), onUpdate: fkActionOf(onUpdate)}
			if k.parent != nil {
				r.keys = append(r.keys, k)
			}
		}
		last = id
		k.columns = append(k.columns, column)
		return nil
	})
}

// trackedIn returns the tracked table that a table of SQLite's is; nil if it is
// none.
func (r *fkReader) trackedIn(schema, name string) *table {
	for _, t := range r.tracked {
		if sameName(unqualified(t.model.table), name) && sameName(t.at.schema, schema) {
			return t
		}
	}
	return nil
}
