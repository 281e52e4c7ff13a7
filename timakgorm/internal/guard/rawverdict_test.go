package guard_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// rawText is a SQL text, and what is to become of it.
type rawText struct {
	sql     string
	refused bool
	why     string // it is refused though it changes no post
	wrong   bool   // the database refuses it
	first   string // what is run before it
}

func readers(texts ...string) (list []rawText) {
	for _, sql := range texts {
		list = append(list, rawText{sql: sql})
	}
	return list
}

func writers(texts ...string) (list []rawText) {
	for _, sql := range texts {
		list = append(list, rawText{sql: sql, refused: true})
	}
	return list
}

func refusedThough(why string, texts ...string) (list []rawText) {
	for _, sql := range texts {
		list = append(list, rawText{sql: sql, refused: true, why: why})
	}
	return list
}

func joinedTexts(lists ...[]rawText) (list []rawText) {
	for _, some := range lists {
		list = append(list, some...)
	}
	return list
}

const writesLater = "it has posts written later, by what names them no more"

var verdictsOnBoth = joinedTexts(
	readers(
		"SELECT 'UPDATE posts SET title = 1'", "SELECT 'it''s; DELETE FROM posts' AS x", `SELECT 1 AS "delete from posts"`, `SELECT 1 AS "a"";DELETE FROM posts"`,
		"SELECT 1 -- ; DELETE FROM posts", "SELECT 1 /* ; DELETE FROM posts; */", "/* it's */ SELECT 1 /* ' */", "-- it's\nSELECT '--; DELETE FROM posts'",
		"INSERT INTO log VALUES ('DELETE FROM posts')", "UPDATE log SET note = 'x' WHERE note = 'UPDATE posts'",
		"WITH posts AS (SELECT 1 AS id) SELECT * FROM posts", "SELECT posts.id FROM authors posts", "WITH a AS (SELECT * FROM posts) INSERT INTO log SELECT title FROM a",
		"EXPLAIN UPDATE posts SET title = 'x'", "EXPLAIN DELETE FROM posts", "explain /* ' */ INSERT INTO posts (id) VALUES (77)", "SELECT 1; EXPLAIN DELETE FROM posts; SELECT 2",
		"CREATE TABLE child (id int REFERENCES authors (id) ON UPDATE CASCADE ON DELETE SET NULL)",
		"VALUES (1), (2)", "CREATE VIEW deleted AS SELECT * FROM posts", "CREATE INDEX update_posts ON posts (title)", "DELETE FROM log WHERE note IN (SELECT title FROM posts)",
	),
	writers(
		"UPDATE posts SET title = 'raw'", "SELECT 'a'; UPDATE posts SET title = 'raw'", "SELECT 'it''s'; DELETE FROM posts", "/* ' */ DELETE FROM posts", "-- '\nDELETE FROM posts",
		"UPDATE\"posts\"SET title = 'raw'", "EXPLAIN SELECT 1; DELETE FROM posts", "WITH posts AS (SELECT 1 AS n) UPDATE posts SET title = 'raw'",
		"WITH x AS (SELECT 1 AS delete_) DELETE FROM posts WHERE id IN (SELECT 10 FROM x)", "WITH x AS (SELECT ';' AS a) UPDATE posts SET title = 'raw'",
		"SELECT '\\'; DELETE FROM posts", "SELECT 1e5; DELETE FROM posts", "SELECT 1;;; \f UPDATE posts SET title = 'raw' --",
	),
)

var verdictsOnPostgres = joinedTexts(
	readers(
		"SELECT $q$; DELETE FROM posts; $q$", "SELECT $$; DELETE FROM posts; $$", "SELECT $_1$; DELETE FROM posts; $_1$", "SELECT $a$ $b$ ; UPDATE posts SET title = 1; $b$ $a$",
		"SELECT $é$; DELETE FROM posts$é$", "SELECT $q$'$q$ || ';DELETE FROM posts'", "SELECT $q$ $q; DELETE FROM posts $Q$ $q$", "INSERT INTO log VALUES ($q$it's; DELETE FROM posts$q$)",
		`SELECT E'\'; DELETE FROM posts'`, `SELECT E'a'`+"\n"+`'\'; DELETE FROM posts'`, `SELECT U&'\0027; DELETE FROM posts'`, `SELECT 1 AS U&"d; DELETE FROM posts"`,
		"SELECT 1 /* /* ; */ DELETE FROM posts */", "SELECT ARRAY['; DELETE FROM posts']", "SELECT ('{1,2}'::int[])[1], '; DELETE FROM posts'", "SELECT 1 -- x\r , 2 -- ; DELETE FROM posts",
		"SELECT a$b$c, '; DELETE FROM posts' FROM dollars WHERE note = $q$DELETE FROM posts$q$",
		"SELECT delete FROM stats", "SELECT id, delete FROM posts", "SELECT DISTINCT delete FROM posts", "SELECT p.delete FROM posts p", "SELECT 1 AS delete FROM posts", "SELECT update posts FROM stats",
		"SELECT update, copy, truncate FROM stats AS posts", "SELECT truncate(posts) FROM stats", "SELECT * FROM stats WHERE truncate(posts) > 1",
		"SELECT * FROM posts FOR UPDATE", "SELECT * FROM posts FOR NO KEY UPDATE OF posts NOWAIT", "SELECT id FROM posts FOR UPDATE SKIP LOCKED",
		"EXPLAIN VERBOSE UPDATE posts SET title = 'x'", "EXPLAIN (ANALYZE false) UPDATE posts SET title = 'x'", "EXPLAIN (analyze OFF, VERBOSE) DELETE FROM posts", "EXPLAIN (COSTS off) DELETE FROM posts",
		"EXPLAIN (VERBOSE true, ANALYZE 0) DELETE FROM posts", "EXPLAIN (SELECT 1)", "EXPLAIN WITH x AS (DELETE FROM posts RETURNING *) SELECT * FROM x", "EXPLAIN (FORMAT json) INSERT INTO posts (id) VALUES (77)",
		"COPY posts TO PROGRAM 'cat >/dev/null'", "COPY posts (id, title) TO PROGRAM 'cat >/dev/null'", "COPY (SELECT * FROM posts) TO PROGRAM 'cat >/dev/null'",
		"GRANT UPDATE, DELETE ON posts TO PUBLIC", "REVOKE TRUNCATE ON posts FROM PUBLIC", "COMMENT ON TABLE posts IS 'UPDATE posts'", "LOCK TABLE posts IN SHARE UPDATE EXCLUSIVE MODE",
		"CREATE TRIGGER x BEFORE UPDATE OR DELETE ON authors FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()", "CREATE POLICY x ON posts FOR UPDATE USING (true)",
		"CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ UPDATE posts SET title = 'x' $$", "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'UPDATE posts SET title = 1::text'",
		"CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT 'UPDATE posts' $$; SELECT f()",
		"DECLARE c CURSOR FOR SELECT * FROM posts FOR UPDATE; FETCH c", "PREPARE p AS SELECT * FROM posts; EXECUTE p", "SET LOCAL application_name = 'DELETE FROM posts'", "ANALYZE posts", "REINDEX TABLE posts", "CLUSTER posts USING posts_pkey",
		"DO $$ BEGIN PERFORM 'DELETE FROM posts'; END $$", "DO $$ BEGIN /* DELETE FROM posts */ NULL; END $$", "DO $x$ BEGIN INSERT INTO log VALUES ($$DELETE FROM posts$$); END $x$", "DO $$ BEGIN EXECUTE $q$SELECT 'DELETE FROM posts'$q$; END $$",
		"MERGE INTO log USING posts ON false WHEN NOT MATCHED THEN INSERT VALUES (title)", "INSERT INTO authors (id, name) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET name = 'x'",
	),
	writers(
		"SELECT $q$'$q$; DELETE FROM posts", "SELECT $q$ $$ $q$; DELETE FROM posts", "SELECT $a$ $b$ $a$; DELETE FROM posts --$b$", "SELECT 1 AS a$q$; DELETE FROM posts; SELECT 2 AS b$q$", "SELECT $é$'$é$; DELETE FROM posts",
		"SELECT $q$ /* $q$; DELETE FROM posts; SELECT $q$ */ $q$", `SELECT E'\\'; DELETE FROM posts; SELECT E'\\'`, `SELECT E'a'`+"\n"+`'\\'; DELETE FROM posts; SELECT E'\''`,
		`SELECT '\'; DELETE FROM posts; SELECT '\'`, `SELECT U&'\005c'; DELETE FROM posts`,
		"/* /* */ ' */ DELETE FROM posts", "/* a /* b */ */ DELETE FROM posts -- */", "-- '\rDELETE FROM posts", "SELECT 1 AS \"'\"; DELETE FROM posts", "SELECT (ARRAY[1])[1]; DELETE FROM posts WHERE (ARRAY['x'])[1] = 'x'",
		"EXPLAIN ANALYZE UPDATE posts SET title = 'x'", "EXPLAIN ANALYSE VERBOSE DELETE FROM posts", "EXPLAIN (ANALYZE) DELETE FROM posts", "EXPLAIN (analyze true) DELETE FROM posts", "EXPLAIN (VERBOSE, ANALYZE, COSTS off) DELETE FROM posts",
		`EXPLAIN ("analyze") DELETE FROM posts`, "EXPLAIN (ANALYZE 'on') DELETE FROM posts", "EXPLAIN (ANALYZE 1) DELETE FROM posts", "EXPLAIN (ANALYZE false, ANALYZE) DELETE FROM posts", `EXPLAIN (U&"\0061nalyze") DELETE FROM posts`,
		"EXPLAIN (COSTS off) SELECT 1; DELETE FROM posts", "COPY posts (id, title, author_id, published) FROM PROGRAM 'printf \"77\\tx\\t1\\tt\\n\"'", "COPY (DELETE FROM posts RETURNING id) TO PROGRAM 'cat >/dev/null'",
		"COPY (WITH d AS (DELETE FROM posts RETURNING id) SELECT * FROM d) TO PROGRAM 'cat >/dev/null'", "PREPARE gone AS DELETE FROM posts; EXECUTE gone", "WITH d AS (DELETE FROM posts RETURNING 1) SELECT 1 AS delete FROM d",
		"SELECT 1 AS delete FROM authors; DELETE FROM posts", "DELETE FROM ONLY (posts)", "TRUNCATE authors, ONLY posts", "MERGE INTO posts USING (SELECT 1) one ON false WHEN NOT MATCHED THEN INSERT (id, title) VALUES (77, 'x')",
		"DO $$ BEGIN UPDATE posts SET title = 'x'; END $$", "DO LANGUAGE 'plpgsql' $q$ BEGIN EXECUTE $$DELETE FROM posts$$; END $q$", "DO $$ BEGIN EXECUTE 'DO $x$ BEGIN DELETE FROM posts; END $x$'; END $$",
		"DO $$ BEGIN EXECUTE sql_of('posts'); END $$ -- DELETE", "DO $$ BEGIN EXECUTE 'DELETE FROM posts'::text; END $$", "DO $$ DECLARE a int; explain CURSOR FOR DELETE FROM posts RETURNING id; BEGIN OPEN explain; FETCH explain INTO a; END $$",
		"DO $$ <<here>> BEGIN <<there>> BEGIN END; DELETE FROM posts; END $$", "DO $$ DECLARE f text := 'DELETE FROM posts'; BEGIN EXECUTE f; END $$", "DO $$ DECLARE r record; BEGIN FOR r IN EXECUTE 'DELETE FROM posts RETURNING 1' LOOP NULL; END LOOP; END $$",
		"CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ DELETE FROM posts $$; SELECT f()", "CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE plpgsql AS 'BEGIN DELETE FROM posts; END'; SELECT f()",
		`CREATE FUNCTION f() RETURNS void LANGUAGE sql AS E'\x44ELETE FROM posts'; SELECT f()`, "CREATE PROCEDURE f() LANGUAGE sql AS $$ DELETE FROM posts $$; CALL f()",
	),
	refusedThough(writesLater,
		"PREPARE unused AS DELETE FROM posts", "CREATE RULE r AS ON INSERT TO log DO ALSO DELETE FROM posts", "CREATE FUNCTION f() RETURNS void LANGUAGE sql BEGIN ATOMIC DELETE FROM posts; END",
		"CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ DELETE FROM posts $$; SELECT 1",
	),
	refusedThough("it depends on standard_conforming_strings where the text ends", `SELECT E'x', '\', '; DELETE FROM posts; --'`,
		`INSERT INTO log VALUES ('a\'); SELECT '; DELETE FROM posts'`),
	[]rawText{{sql: `SELECT 'it\'s'; DELETE FROM posts; SELECT 'x'`, refused: true, first: oldTexts}, {sql: `SELECT 'it\'s; DELETE FROM posts'`, refused: true, why: "the setting is not known", first: oldTexts}},
	refusedThough("names that code puts together are not known", "DO $$ BEGIN EXECUTE format('SELECT %L', 'DELETE FROM posts'); END $$"),
	[]rawText{{sql: "SELECT 1 AS x; UPDATE `posts` SET title = 'x'", wrong: true}, {sql: "EXPLAIN VERBOSE ANALYZE DELETE FROM posts", refused: true, why: "a mistake", wrong: true}},
)

var verdictsOnSQLite = joinedTexts(
	readers(
		"SELECT 1 AS [delete from posts]", "SELECT 1 AS [it's; DELETE FROM posts]", "SELECT 1 AS `; DELETE FROM posts`", "SELECT 1 AS `a``; DELETE FROM posts`", "SELECT 1 /* /* ; DELETE FROM posts */",
		"SELECT 1 -- \r ; DELETE FROM posts", "EXPLAIN QUERY PLAN UPDATE posts SET title = 'x'", "EXPLAIN REPLACE INTO posts (id) VALUES (10)", "SELECT replace(title, 'a', 'b') FROM posts",
		"SELECT 1 /* DELETE FROM posts", "INSERT INTO log VALUES ('a\\'); SELECT '; DELETE FROM posts'", "PRAGMA table_info(posts)", "ANALYZE posts", "REINDEX posts", "CREATE TRIGGER x BEFORE UPDATE OF name ON authors BEGIN SELECT 1; END",
		"ATTACH ':memory:' AS \"update posts\"", "SELECT x'00', '; DELETE FROM posts'",
	),
	writers(
		"UPDATE [posts] SET title = 'raw'", "DELETE FROM `posts`", "DELETE FROM 'posts'", "REPLACE INTO posts (id, title) VALUES (10, 'x')", "UPDATE OR IGNORE posts SET title = 'raw'",
		"SELECT 1 AS [it's]; DELETE FROM posts", "SELECT '\\'; DELETE FROM posts", "/* /* */ DELETE FROM posts", "-- ' \r '\nDELETE FROM posts", "DELETE FROM posts /* ",
		"UPDATE \ufeffposts SET title = 'raw'", "\ufeffDELETE FROM \ufeffposts", "UPDATE \v posts SET title = 'raw'", "SELECT 1 AS a$q$; DELETE FROM posts; SELECT 2 AS b$q$", "EXPLAIN DELETE FROM posts; DELETE FROM posts",
		"SELECT x'00'; DELETE FROM posts",
	),
	refusedThough(writesLater, "CREATE TRIGGER x AFTER INSERT ON log BEGIN DELETE FROM posts; END"),
	[]rawText{{sql: "EXPLAIN ANALYZE DELETE FROM posts", wrong: true}, {sql: "SELECT $q$; DELETE FROM posts; $q$", wrong: true, refused: true}},
)

func verdictsOf(dialect string) []rawText {
	if dialect == "postgres" {
		return joinedTexts(verdictsOnBoth, verdictsOnPostgres)
	}
	return joinedTexts(verdictsOnBoth, verdictsOnSQLite)
}

// oldTexts is how Postgres took texts long ago.
const oldTexts = "SET LOCAL standard_conforming_strings = off"

// verdictWorld has posts, and what else the texts name.
func verdictWorld(t *testing.T, dialect string) *world.World {
	t.Helper()
	w := world.New(t, world.Setup{Dialect: dialect})
	w.Seed()
	pool, err := w.Stranger(), error(nil)
	w.Must(err)
	scripts := []string{"CREATE TABLE log (note text)"}
	if dialect == "postgres" {
		scripts = append(scripts, `CREATE TABLE stats ("update" int, "delete" int, "copy" int, "truncate" int, posts int)`,
			`ALTER TABLE posts ADD COLUMN "delete" int`, `CREATE TABLE dollars (a$b$c int, note text)`,
			"CREATE FUNCTION truncate(int) RETURNS int LANGUAGE sql AS 'SELECT $1'",
			"CREATE FUNCTION sql_of(text) RETURNS text LANGUAGE sql AS $$ SELECT 'DELETE FROM ' || $1 $$")
	}
	for _, script := range scripts {
		_, err := pool.ExecContext(t.Context(), script)
		w.Must(err)
	}
	return w
}

// TestRaw_verdicts: SQL that may write a tracked table is refused, and no other. The
// database is the judge: each text is run without the plugin, and rolled back.
func TestRaw_verdicts(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := verdictWorld(t, dialect)
		oracle := w.Stranger()
		for _, v := range verdictsOf(dialect) {
			changed, err := changesPosts(t, oracle, v)
			switch refused := refuses(w, v); {
			case refused != v.refused:
				t.Errorf("%q: refused %t, want %t", v.sql, refused, v.refused)
			case changed && !v.refused:
				t.Errorf("%q: it changes posts, and is to be let through", v.sql)
			case !changed && v.refused && v.why == "" && !v.wrong:
				t.Errorf("%q: it changes no posts, and is to be refused (%v)", v.sql, err)
			case err != nil != v.wrong:
				t.Errorf("%q: got %v", v.sql, err)
			}
		}
	})
}

// refuses reports whether the plugin refuses a text, which it runs and rolls back.
func refuses(w *world.World, text rawText) bool {
	tx := w.DB.Begin()
	w.Must(tx.Error)
	defer tx.Rollback()
	w.Must(tx.Exec(text.first).Error)
	return errors.Is(tx.Exec(text.sql).Error, timakgorm.ErrUncaptured)
}

// changesPosts runs a text, tells whether the posts are others after it, and rolls
// it back. One that ends the transaction is beyond it.
func changesPosts(t *testing.T, pool *sql.DB, text rawText) (changed bool, failed error) {
	t.Helper()
	tx, err := pool.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	before, err := postsOf(t.Context(), tx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), text.first); err != nil {
		t.Fatal(err)
	}
	_, failed = tx.ExecContext(t.Context(), text.sql)
	after, err := postsOf(t.Context(), tx)
	if err != nil && failed == nil {
		t.Fatalf("%q: %v", text.sql, err)
	}
	return err == nil && after != before, failed
}

func postsOf(ctx context.Context, tx *sql.Tx) (string, error) {
	rows, err := tx.QueryContext(ctx, "SELECT id, author_id, title FROM posts ORDER BY id")
	if err != nil {
		return "", err
	}
	defer func() { _ = rows.Close() }()
	var b strings.Builder
	for rows.Next() {
		var id, author any
		var title string
		if err := rows.Scan(&id, &author, &title); err != nil {
			return "", err
		}
		fmt.Fprintln(&b, id, author, title)
	}
	return b.String(), rows.Err()
}
