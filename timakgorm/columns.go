package timakgorm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

// errColumns is returned for a table whose columns do not have the types that their
// fields and the rules call for.
var errColumns = errors.New("expected")

// column is a column as Postgres has it.
type column struct {
	Name string `json:"name"`
	Type string `json:"type"` // as SQL writes it

	// Root is the type without its domains, with its schema if that is not
	// pg_catalog; Form what it is made of: b a base type, a an array, c a composite,
	// e an enum, r a range, m several; Whole says that a number has no fraction;
	// Single that its JSON is a single value and that it can be sorted.
	Root   string `json:"root"`
	Form   string `json:"form"`
	Whole  bool   `json:"whole"`
	Single bool   `json:"single"`

	// Loose says that its collation takes different texts for one.
	Loose bool `json:"loose"`

	// Leaves are the base types that it is made of, "range " before those within a
	// range.
	Leaves []string `json:"leaves"`
}

// postgresColumns reads the columns of a table that the names in an array tell:
// each as a JSON object.
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

// readColumns returns those columns of the image that a table of Postgres has, by
// its name as SQL writes it.
func (m *model) readColumns(ctx context.Context, pool gorm.ConnPool, name string) (columns []column, err error) {
	names, err := marshal(each(m.columns, func(field *schema.Field) string { return field.DBName }))
	if err != nil {
		return nil, err
	}
	found, err := pool.QueryContext(ctx, postgresColumns, name, string(names))
	if err != nil {
		return nil, fmt.Errorf("timakgorm: columns of %s: %w", m.table, err)
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	for found.Next() {
		var text string
		var c column
		if err := errors.Join(found.Scan(&text), json.Unmarshal([]byte(text), &c)); err != nil {
			return nil, fmt.Errorf("timakgorm: columns of %s: %w", m.table, err)
		}
		columns = append(columns, c)
	}
	return columns, found.Err()
}

// checkColumns refuses a table of Postgres whose columns are of other types than
// the model's fields say, where a rule would read them wrong: the model alone
// cannot tell. Those that are not there are not looked at, nor those of a table
// that is not there.
func (m *model) checkColumns(ctx context.Context, d dialect, pool gorm.ConnPool, name string) error {
	if d.name != postgres.name {
		return nil
	}
	columns, err := m.readColumns(ctx, pool, name)
	if err != nil {
		return err
	}
	for _, c := range columns {
		if err := m.checkColumn(c); err != nil {
			return err
		}
	}
	return nil
}

// checkColumn refuses a column for what it is, or for the part that a rule gives
// it.
func (m *model) checkColumn(c column) error {
	field := m.schema.LookUpField(c.Name)
	refused := func(part, expected string) error {
		return fmt.Errorf("timakgorm: %s: %sfield %s is a %s, and its column %q is a %s: %w %s",
			m.schema.Name, part, field.Name, describe(field), c.Name, c.Type, errColumns, expected)
	}
	if expected := c.refused(); expected != "" {
		return refused("", expected)
	}
	if !c.fits(field) {
		return refused("", fmt.Sprintf("the field to state that type, as in gorm:\"type:%s\"", c.Type))
	}
	if slices.Contains(m.keys, field) && !c.isText(field) {
		return refused("primary key: ", "an integer, a text or a UUID")
	}
	for _, r := range m.rules {
		if part := r.templateWith(field); part != "" && !c.isText(field) {
			return refused(part+": ", expectedText)
		}
		if r.date == field && !c.isDate(field) {
			return refused("date: ", "a timestamp, a date or a whole number")
		}
		if r.when == field && !slices.Contains(boolTypes, c.Root) {
			return refused("when: ", "a boolean")
		}
	}
	return nil
}

// templateWith returns the option whose template names a field; empty if none
// does.
func (r rule) templateWith(field *schema.Field) string {
	switch {
	case slices.Contains(r.key.columns, field):
		return "key"
	case slices.Contains(r.id.columns, field):
		return "id"
	case slices.Contains(r.source.columns, field):
		return "source"
	default:
		return ""
	}
}

// refused returns what is expected instead of a type that no rule may name: its
// text depends on more than its value.
func (c column) refused() string {
	for _, leaf := range c.Leaves {
		switch leaf = strings.TrimPrefix(leaf, "range "); {
		case leaf == "money":
			return "a numeric, as the text of money depends on lc_monetary: change the column's type, or name a generated one that casts it"
		case leaf == "aclitem", strings.HasPrefix(leaf, "reg") && !strings.Contains(leaf, "."):
			return "an oid or a text, as its text is a name that may change elsewhere: change the column's type"
		}
	}
	return ""
}

// sessionTypes are those that a session of Postgres writes in a way of its own.
var sessionTypes = map[string]bool{
	"timestamptz": true, "range timestamptz": true, "range timestamp": true, "range date": true,
	"interval": true, "range interval": true, "bytea": true, "range bytea": true,
	"float4": true, "float8": true, "range float4": true, "range float8": true,
	"point": true, "line": true, "lseg": true, "box": true, "path": true, "polygon": true, "circle": true,
}

// fits reports whether what the model says of a column is enough to write it the
// same in every session.
func (c column) fits(field *schema.Field) bool {
	kind := kindOf(field)
	switch {
	case kind == schema.Bytes && exact(field):
		return c.Root == "bytea"
	case kind == schema.Time && c.Root == "timestamptz":
		return true
	case kind == schema.Float && !exact(field):
		return c.Form == "b" && (c.Root == "float4" || c.Root == "float8" || !sessionTypes[c.Root])
	case !exact(field):
		return true
	default:
		return !slices.ContainsFunc(c.Leaves, func(leaf string) bool { return sessionTypes[leaf] })
	}
}

// textTypes are those of Postgres' own whose values have one text each, which
// compare as these do.
var textTypes = []string{
	"bool", "int2", "int4", "int8", "oid", "xid8", "pg_lsn", "text", "varchar", "bpchar", "char", "name", "uuid",
	"inet", "cidr", "macaddr", "macaddr8", "bit", "varbit", "time", "timetz",
}

var boolTypes = []string{"bool", "int2", "int4", "int8", "numeric", "text", "varchar", "bpchar"}

// isText reports whether a column may stand in a template. In a range two texts
// may be one value, which keySource knows, but not where a session writes it in a
// way of its own.
func (c column) isText(field *schema.Field) bool {
	switch c.Form {
	case "e":
		return true
	case "r", "m":
		return !slices.ContainsFunc(c.Leaves, func(leaf string) bool {
			return strings.HasSuffix(leaf, "float4") || strings.HasSuffix(leaf, "float8") || strings.HasSuffix(leaf, "interval")
		})
	case "b":
		return slices.Contains(textTypes, c.Root) || c.Whole && kindOf(field) != schema.String || strings.Contains(c.Root, ".") && c.Single
	default:
		return false
	}
}

// alike reports whether different texts may be one value of a column: to citext A
// is a, but not to a key. For types of extensions it is unknown.
func (c column) alike() bool {
	return c.Loose || c.Type == "bpchar" || !c.Whole && slices.ContainsFunc(c.Leaves, func(leaf string) bool {
		return strings.HasSuffix(leaf, "numeric") || strings.Contains(leaf, ".")
	})
}

// isDate reports whether a column may be a rule's date.
func (c column) isDate(field *schema.Field) bool {
	if kindOf(field) == schema.Time {
		return slices.Contains([]string{"date", "timestamp", "timestamptz", "text", "varchar", "bpchar"}, c.Root)
	}
	return c.Whole || slices.Contains([]string{"int2", "int4", "int8", "oid"}, c.Root)
}

// useColumns checks the columns of all tables that are there already. A database
// that does not answer is asked again by the first write.
func (p *Plugin) useColumns(db *gorm.DB) error {
	for _, t := range p.sortedTables() {
		if err := t.model.checkColumns(db.Statement.Context, p.dialect, db.Statement.ConnPool, quoteName(t.model.table)); errors.Is(err, errColumns) {
			return err
		}
	}
	return nil
}
