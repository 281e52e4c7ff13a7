package cascade

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// reader reads tables and foreign keys from the database.
type reader struct {
	pool    gorm.ConnPool
	dialect dialect.Dialect
	tracked []*dialect.Table // each with the schema that it is in
	tables  []*Table
	keys    []*foreignKey
}

// readForeignKeys returns the tracked tables and the tables from which foreign keys
// lead to them, as a connection sees them.
func (f *Keys) readForeignKeys(ctx context.Context, pool gorm.ConnPool) ([]*Table, error) {
	r := &reader{pool: pool, dialect: f.tables.Dialect}
	for _, t := range f.tables.Sorted() {
		placed, err := f.sessions.HomeOf(ctx, pool, t)
		if err != nil {
			return nil, err
		}
		if placed != nil {
			r.tracked = append(r.tracked, placed)
		}
	}
	read := r.sqlite
	if f.tables.Dialect.Name == dialect.Postgres.Name {
		read = r.postgres
	}
	if err := read(ctx); err != nil {
		return nil, fmt.Errorf("timakgorm: foreign keys: %w", err)
	}
	return link(r.tables, r.keys), nil
}

// The tables that Postgres is asked for: those with or behind a foreign key, those in
// a partition or inheritance tree, and the tracked ones.
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
	// A foreign key that a part has from its partitioned table has a parent: left out.
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

func (r *reader) postgres(ctx context.Context) error {
	type place struct {
		N      int    `json:"n"`
		Schema string `json:"schema"`
		Name   string `json:"name"`
	}
	places := make([]place, len(r.tracked))
	for i, t := range r.tracked {
		places[i] = place{N: i, Schema: t.At.Schema, Name: sqltext.Unqualified(r.dialect.Language.Clipped(t.Model.Table))}
	}
	list, err := model.JSON(places)
	if err != nil {
		return err
	}
	known := map[int64]*Table{}
	err = dialect.EachRow(ctx, r.pool, postgresRelations, []any{string(list)}, func(found *sql.Rows) error {
		t, tracked := &Table{}, -1
		if err := found.Scan(&t.id, &t.Schema, &t.Name, &t.partitioned, &t.computed, &tracked); err != nil {
			return err
		}
		t.From = sqltext.QuotePart(t.Schema) + "." + sqltext.QuotePart(t.Name)
		if tracked >= 0 {
			t.Own = r.tracked[tracked]
			t.shows = []*dialect.Table{t.Own}
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
	return dialect.EachRow(ctx, r.pool, postgresForeignKeys, nil, func(found *sql.Rows) error { return r.postgresKey(found, known) })
}

func (r *reader) postgresParts(ctx context.Context, known map[int64]*Table) error {
	return dialect.EachRow(ctx, r.pool, postgresParts, nil, func(found *sql.Rows) error {
		var whole, part int64
		if err := found.Scan(&whole, &part); err != nil {
			return err
		}
		if w, p := known[whole], known[part]; w != nil && p != nil {
			w.Parts = append(w.Parts, p)
			if w.Own != nil {
				p.shows = append(p.shows, w.Own)
			}
		}
		return nil
	})
}

func (r *reader) postgresKey(found *sql.Rows, known map[int64]*Table) error {
	k := &foreignKey{}
	var child, parent int64
	var onDelete, onUpdate, columns string
	var clears *string
	if err := found.Scan(&k.name, &child, &parent, &onDelete, &onUpdate, &columns, &clears); err != nil {
		return err
	}
	k.child, k.parent = known[child], known[parent]
	k.onDelete, k.onUpdate = actionOf(onDelete), actionOf(onUpdate)
	if clears != nil {
		if err := json.Unmarshal([]byte(*clears), &k.clears); err != nil {
			return err
		}
	}
	if k.child == nil || k.parent == nil { // created or dropped at this moment
		return nil
	}
	r.keys = append(r.keys, k)
	return json.Unmarshal([]byte(columns), &k.columns)
}

// actionOf returns an action from its name in either database.
func actionOf(text string) action {
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

// SQLite's foreign keys stay within one schema, and do not name it. A key that names
// no columns refers to the primary key.
const (
	sqliteRelations = `SELECT m.name, coalesce(m.sql, ''), EXISTS (SELECT 1 FROM pragma_table_xinfo(m.name, %[2]s) WHERE hidden > 1)
	FROM %[1]s.sqlite_master m WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL%%'`
	sqliteForeignKeys = `SELECT m.name, k.id, k."table", k."from",
		coalesce(k."to", (SELECT t.name FROM pragma_table_info(k."table", %[2]s) t WHERE t.pk = k.seq + 1), ''), k.on_delete, k.on_update
	FROM %[1]s.sqlite_master m, pragma_foreign_key_list(m.name, %[2]s) k WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL%%' ORDER BY m.name, k.id, k.seq`
)

func (r *reader) sqlite(ctx context.Context) error {
	var schemas []string
	for _, t := range r.tracked { // foreign keys stay within a schema
		if !slices.Contains(schemas, t.At.Schema) {
			schemas = append(schemas, t.At.Schema)
		}
	}
	for _, schema := range schemas {
		if err := r.sqliteSchema(ctx, schema); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) sqliteSchema(ctx context.Context, schema string) error {
	ask := func(query string, scan func(*sql.Rows) error) error {
		return dialect.EachRow(ctx, r.pool, fmt.Sprintf(query, sqltext.QuotePart(schema), sqltext.QuoteText(schema)), nil, scan)
	}
	known := map[string]*Table{}
	err := ask(sqliteRelations, func(found *sql.Rows) error {
		t, definition := &Table{Schema: schema}, ""
		if err := found.Scan(&t.Name, &definition, &t.computed); err != nil {
			return err
		}
		t.From = sqltext.QuotePart(schema) + "." + sqltext.QuotePart(t.Name)
		t.Replaces = strings.Contains(strings.ToUpper(strings.Join(sqltext.OnConflict.FindAllString(definition, -1), " ")), "REPLACE")
		if t.Own = r.trackedIn(schema, t.Name); t.Own != nil {
			t.shows = []*dialect.Table{t.Own}
		}
		known[strings.ToLower(t.Name)], r.tables = t, append(r.tables, t)
		return nil
	})
	if err != nil {
		return err
	}
	last := int64(-1)
	var k *foreignKey
	return ask(sqliteForeignKeys, func(found *sql.Rows) error {
		var child, parent, onDelete, onUpdate string
		var id int64
		var column column
		if err := found.Scan(&child, &id, &parent, &column.Name, &column.Refers, &onDelete, &onUpdate); err != nil {
			return err
		}
		if k == nil || id != last || k.child != known[strings.ToLower(child)] {
			k = &foreignKey{child: known[strings.ToLower(child)], parent: known[strings.ToLower(parent)], onDelete: actionOf(onDelete), onUpdate: actionOf(onUpdate)}
			if k.parent != nil {
				r.keys = append(r.keys, k)
			}
		}
		last = id
		k.columns = append(k.columns, column)
		return nil
	})
}

// trackedIn returns the tracked table with a name in a schema of SQLite; nil if there
// is none.
func (r *reader) trackedIn(schema, name string) *dialect.Table {
	for _, t := range r.tracked {
		if sqltext.SameName(sqltext.Unqualified(t.Model.Table), name) && sqltext.SameName(t.At.Schema, schema) {
			return t
		}
	}
	return nil
}
