package session

import (
	"context"
	"database/sql"
	"errors"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/fault"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// The session decides what a table's name means. In the usual case nothing is
// asked beforehand: SQL of timak's that runs with the statement anyway compares
// what the name means with the home of the tracked table, and reports the result
// (dialect.SameSQL). Only if they differ, or if something in this process has set
// a search_path or created temporary tables, the database is asked beforehand.

// Meaning is what a name means in a session.
type Meaning struct {
	Found bool   // there is such a table
	Is    string // the tracked table that the name means; "" if it means none
	At    string // the schema of the table
	Part  string // if Is is "": a tracked table whose rows are written by the name, because the name means a part or a view of it
}

// meaningSQL follows a name to the tracked tables above it: from a partition or a
// table that inherits to what it is a part of and, if views count, from a view,
// or a table with a rule, to what that reads or writes. Writes through a view are
// seen by triggers, so views do not count for them, but parts of what a view
// reads do.
const meaningSQL = `WITH RECURSIVE tracked AS (
		SELECT h.name, (
			SELECT c.oid FROM json_array_elements_text(h.schemas) WITH ORDINALITY s(name, i)
			JOIN pg_catalog.pg_namespace n ON n.nspname = s.name JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = h.bare
			WHERE h.said OR pg_catalog.has_schema_privilege($4::text::name, n.oid, 'USAGE')
			ORDER BY s.i LIMIT 1
		) AS id
		FROM json_to_recordset($2::json) h(name text, bare text, said boolean, schemas json)
	), above AS (
		SELECT to_regclass($1)::oid AS id, false AS unseen
		UNION
		SELECT up.id, a.unseen OR up.unseen FROM above a CROSS JOIN LATERAL (
			SELECT i.inhparent AS id, true AS unseen FROM pg_catalog.pg_inherits i WHERE i.inhrelid = a.id
			UNION ALL
			SELECT d.refobjid, $3::boolean FROM pg_catalog.pg_rewrite r
			JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
			WHERE r.ev_class = a.id AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> a.id
		) up
	)
	SELECT to_regclass($1) IS NOT NULL, coalesce((SELECT min(name) FROM tracked WHERE id = to_regclass($1)), ''),
		coalesce((SELECT min(t.name) FROM tracked t JOIN above a ON a.id = t.id WHERE a.unseen), ''),
		coalesce((SELECT n.nspname::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass($1)), '')`

// MeaningOf asks the database what a name means in a session. written is the name
// as the statement writes it.
func (s *Sessions) MeaningOf(ctx context.Context, pool gorm.ConnPool, written string) (Meaning, error) {
	var m Meaning
	ask := s.askPostgres
	if !s.tables.Dialect.Numbered {
		ask = s.askSQLite
	}
	if err := ask(ctx, pool, written, &m); err != nil {
		return m, fault.Named("look up the name "+written, err)
	}
	return m, nil
}

func (s *Sessions) askPostgres(ctx context.Context, pool gorm.ConnPool, written string, m *Meaning) error {
	path, user, err := s.homePath(ctx, pool)
	if err != nil {
		return err
	}
	type tracked struct {
		Name    string   `json:"name"`
		Bare    string   `json:"bare"`
		Said    bool     `json:"said"` // the model states its schema
		Schemas []string `json:"schemas"`
	}
	var all []tracked
	for name := range s.tables.ByName {
		one := tracked{Name: name, Bare: sqltext.Unqualified(s.tables.Dialect.Language.Clipped(name)), Said: false, Schemas: path}
		if schema := sqltext.SchemaOf(name); schema != "" {
			one.Said, one.Schemas = true, []string{schema}
		}
		all = append(all, one)
	}
	list, err := model.JSON(all)
	if err != nil {
		return err
	}
	return pool.QueryRowContext(ctx, meaningSQL, written, string(list), s.opts.Views, user).
		Scan(&m.Found, &m.Is, &m.Part, &m.At)
}

// askSQLite looks where SQLite does: first at temporary tables, then in the main
// file, then in the attached files in order.
func (s *Sessions) askSQLite(ctx context.Context, pool gorm.ConnPool, written string, m *Meaning) error {
	name := sqltext.Unquoted(written)
	var schema string
	err := pool.QueryRowContext(ctx, `SELECT l.schema FROM pragma_table_list(?) l JOIN pragma_database_list d ON d.name = l.schema
		WHERE ? = '' OR l.schema = ? COLLATE NOCASE ORDER BY l.schema <> 'temp', d.seq LIMIT 1`,
		sqltext.Unqualified(name), sqltext.SchemaOf(name), sqltext.SchemaOf(name)).Scan(&schema)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	m.Found, m.At = true, schema
	for _, t := range s.tables.Candidates(name) {
		placed, err := s.HomeOf(ctx, pool, t)
		if err != nil {
			return err
		}
		if placed != nil && sqltext.SameName(placed.At.Schema, schema) {
			m.Is = t.Model.Table
		}
	}
	return nil
}
