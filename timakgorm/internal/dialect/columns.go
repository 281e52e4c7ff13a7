package dialect

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/model"
)

// postgresColumns reads those columns of a table that a JSON array names: each as
// a JSON object.
const postgresColumns = `WITH RECURSIVE parts AS (
		SELECT a.attname AS name, a.atttypid AS column_type, a.atttypmod AS mod, a.atttypid AS typ, true AS root, '' AS within,
			EXISTS (SELECT FROM pg_catalog.pg_collation l WHERE l.oid = a.attcollation AND NOT l.collisdeterministic) AS loose
		FROM pg_catalog.pg_attribute a
		WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
			AND a.attname IN (SELECT pg_catalog.json_array_elements_text($2::text::json))
		UNION
		SELECT p.name, p.column_type, CASE WHEN t.typtype = 'd' AND p.mod = -1 THEN t.typtypmod ELSE p.mod END,
			n.typ, p.root AND t.typtype = 'd', p.within || n.range, p.loose
		FROM parts p JOIN pg_catalog.pg_type t ON t.oid = p.typ CROSS JOIN LATERAL (
			SELECT t.typbasetype, '' WHERE t.typtype = 'd'
			UNION ALL SELECT t.typelem, '' WHERE t.typtype = 'b' AND t.typcategory = 'A'
			UNION ALL SELECT f.atttypid, '' FROM pg_catalog.pg_attribute f WHERE t.typtype = 'c' AND f.attrelid = t.typrelid AND f.attnum > 0 AND NOT f.attisdropped
			UNION ALL SELECT r.rngsubtype, 'range ' FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid
			UNION ALL SELECT r.rngtypid, '' FROM pg_catalog.pg_range r WHERE (pg_catalog.to_jsonb(r)->>'rngmultitypid')::oid = t.oid
		) n(typ, range)
	), named AS (
		SELECT p.*, t.typtype, t.typcategory, n.nspname = 'pg_catalog' AS own,
			CASE WHEN n.nspname = 'pg_catalog' THEN '' ELSE n.nspname || '.' END || t.typname AS type_name
		FROM parts p JOIN pg_catalog.pg_type t ON t.oid = p.typ JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
	)
	SELECT pg_catalog.json_build_object(
		'name', c.name, 'type', pg_catalog.format_type(c.column_type, c.mod),
		'root', c.type_name, 'form', CASE WHEN c.typtype = 'b' AND c.typcategory = 'A' THEN 'a' ELSE c.typtype::text END,
		'loose', c.loose, 'whole', c.type_name = 'numeric' AND c.mod <> -1 AND ((c.mod - 4) & 65535) = 0,
		'single', c.own OR c.typtype <> 'b' OR NOT EXISTS (SELECT FROM pg_catalog.pg_cast k WHERE k.castsource = c.typ AND k.casttarget = 'json'::regtype)
			AND EXISTS (SELECT FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_am m ON m.oid = o.opcmethod
				WHERE m.amname = 'btree' AND o.opcdefault AND o.opcintype = c.typ),
		'leaves', (SELECT pg_catalog.json_agg(l.within || l.type_name) FROM named l WHERE l.name = c.name AND l.typtype = 'b')
	)::text
	FROM named c WHERE c.root AND c.typtype <> 'd'`

// ReadColumns returns the columns of the image that a table of Postgres has. name
// is the table's name as SQL writes it.
func ReadColumns(ctx context.Context, db Querier, m *model.Model, name string) (columns []model.Column, err error) {
	names, err := model.JSON(Columns(m.Columns, func(field *schema.Field) string { return field.DBName }))
	if err != nil {
		return nil, err
	}
	err = EachRow(ctx, db, postgresColumns, []any{name, string(names)}, func(found *sql.Rows) error {
		var text string
		var c model.Column
		if err := errors.Join(found.Scan(&text), json.Unmarshal([]byte(text), &c)); err != nil {
			return err
		}
		columns = append(columns, c)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("timakgorm: columns of %s: %w", m.Table, err)
	}
	return columns, nil
}

// CheckColumns refuses a table of Postgres whose columns have types that the
// model's fields do not state, where a rule would read them wrong: the model
// alone cannot tell. The error wraps model.ErrColumns. Columns and tables that do
// not exist are not checked, nor is SQLite.
func CheckColumns(ctx context.Context, d Dialect, db Querier, m *model.Model, name string) error {
	if d.Name != Postgres.Name {
		return nil
	}
	columns, err := ReadColumns(ctx, db, m, name)
	if err != nil {
		return err
	}
	for _, c := range columns {
		if err := m.CheckColumn(c); err != nil {
			return err
		}
	}
	return nil
}
