package statement

import (
	"maps"
	"testing"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
)

// tracking returns tables that are known only by name.
func tracking(names ...string) *dialect.Tables {
	ts := &dialect.Tables{ByName: map[string]*dialect.Table{}}
	for _, name := range names {
		ts.ByName[name] = &dialect.Table{Model: &model.Model{Table: name}}
	}
	return ts
}

// SQL texts, each with the tracked table that it writes: on both
// databases, or on one of them.
var (
	writtenOnBoth = map[string]string{
		// What the databases accept as a name or as the end of a literal.
		"UPDATE 'posts' SET title = ''":                    "posts",
		"DELETE FROM 'posts'":                              "posts",
		"INSERT INTO logs VALUES ('update posts', $1, $2)": "",
		"-- note\r\nSELECT 1 -- UPDATE posts\r\n":          "",
		"EXECUTE 'SELECT 1'\n' FROM posts'":                "",
		// Every verb.
		"INSERT INTO posts (title) VALUES ('x')":                                      "posts",
		"INSERT OR REPLACE INTO posts VALUES (1)":                                     "posts",
		"INSERT INTO posts SELECT * FROM drafts":                                      "posts",
		"REPLACE INTO posts VALUES (1)":                                               "posts",
		"UPDATE posts SET title = $1":                                                 "posts",
		"UPDATE OR IGNORE posts SET title = ?":                                        "posts",
		"UPDATE ONLY posts SET title = ''":                                            "posts",
		"UPDATE ONLY (posts) SET title = ''":                                          "posts",
		"UPDATE posts p SET title = a.name FROM authors a":                            "posts",
		"DELETE FROM posts":                                                           "posts",
		"DELETE FROM ONLY posts WHERE id = 1":                                         "posts",
		"DELETE FROM posts USING authors":                                             "posts",
		"TRUNCATE posts":                                                              "posts",
		"TRUNCATE TABLE posts CASCADE":                                                "posts",
		"TRUNCATE authors, posts":                                                     "posts",
		"TRUNCATE TABLE ONLY authors *, ONLY public.posts":                            "posts",
		"MERGE INTO posts USING drafts ON true WHEN MATCHED THEN DELETE":              "posts",
		"MERGE INTO ONLY posts AS p USING drafts ON true WHEN MATCHED THEN DELETE":    "posts",
		"COPY posts FROM STDIN":                                                       "posts",
		"COPY posts (id, title) FROM STDIN":                                           "posts",
		"WITH gone AS (DELETE FROM posts RETURNING *) SELECT * FROM gone":             "posts",
		"WITH a AS (SELECT 1), b AS (INSERT INTO posts DEFAULT VALUES) SELECT 1":      "posts",
		"SELECT 1; DELETE FROM posts; SELECT 2":                                       "posts",
		"INSERT INTO log SELECT * FROM x; UPDATE posts SET title = ''":                "posts",
		"INSERT INTO log (copy) VALUES (1) ON CONFLICT DO NOTHING; DELETE FROM posts": "posts",

		// In every way to write it.
		"  update\n\tPosts\r\nset title = ''":                 "posts",
		"UPDATE/**/posts SET title = ''":                      "posts",
		"UPDATE /* which? */ posts SET title = ''":            "posts",
		"DELETE -- all of them\n FROM -- it's\n posts":        "posts",
		`UPDATE "posts" SET title = ''`:                       "posts",
		`DELETE FROM"posts"`:                                  "posts",
		"UPDATE public.posts SET title = ''":                  "posts",
		`UPDATE "main" . "posts" SET title = ''`:              "posts",
		"UPDATE notes SET title = ''":                         "app.notes",
		"UPDATE app.notes SET title = ''":                     "app.notes",
		`UPDATE "app"."notes" SET title = ''`:                 "app.notes",
		"UPDATE Příspěvky SET title = ''":                     "příspěvky",
		`DELETE FROM "my posts"`:                              "my posts",
		`DELETE FROM "odd ""name"`:                            `odd "name`,
		`DELETE FROM "Order"`:                                 "Order",
		"DELETE FROM a$b":                                     "a$b",
		"INSERT INTO log VALUES ('it''s'); DELETE FROM posts": "posts",
		"INSERT INTO log VALUES ('--'); DELETE FROM posts":    "posts",
		"INSERT INTO log VALUES ('/*'); DELETE FROM posts":    "posts",
		`INSERT INTO log VALUES ('\'); DELETE FROM posts`:     "posts",
		`SELECT "odd '" FROM log; DELETE FROM posts`:          "posts",
		"UPDATE posts SET title = 'never ended":               "posts",
		"SELECT 1 /* never ended UPDATE posts SET title = ''": "",
		"UPDATE":            "",
		"DELETE FROM":       "",
		"TRUNCATE authors,": "",
		"UPDATE posts.":     "posts",
		"":                  "",

		// Texts that write no tracked table.
		"SELECT * FROM posts":                                                                     "",
		"SELECT * FROM posts FOR UPDATE":                                                          "",
		"SELECT * FROM authors a, posts FOR UPDATE OF posts":                                      "",
		"SELECT * FROM posts FOR NO KEY UPDATE OF posts SKIP LOCKED":                              "",
		"SELECT replace(posts, 'a', 'b'), insert, copy FROM stats":                                "",
		"SELECT 'UPDATE posts SET x'":                                                             "",
		"SELECT 1 -- UPDATE posts SET x":                                                          "",
		"SELECT 1 /* DELETE FROM posts */":                                                        "",
		"INSERT INTO log (text) VALUES ('delete from posts')":                                     "",
		"INSERT INTO log VALUES (1) ON CONFLICT DO NOTHING":                                       "",
		"EXECUTE prepared('UPDATE posts SET x')":                                                  "",
		"INSERT INTO posts_archive SELECT * FROM posts":                                           "",
		"DELETE FROM old_posts":                                                                   "",
		"UPDATE posts2 SET title = ''":                                                            "",
		"UPDATE archive.notes SET title = ''":                                                     "",
		"UPDATE authors SET posts = posts + 1":                                                    "",
		"UPDATE authors SET a = 1, posts = 2 FROM posts":                                          "",
		"INSERT INTO stats (posts) SELECT count(*) FROM posts":                                    "",
		"DELETE FROM authors WHERE id IN (SELECT author_id FROM posts)":                           "",
		"COPY authors (id, posts) FROM STDIN":                                                     "",
		"CREATE TABLE posts (id int REFERENCES authors ON DELETE CASCADE ON UPDATE SET NULL)":     "",
		"ALTER TABLE posts ADD CONSTRAINT x FOREIGN KEY (a) REFERENCES authors ON DELETE CASCADE": "",
		"ALTER TABLE posts ADD COLUMN update text":                                                "",
		"CREATE INDEX posts_update ON posts (id)":                                                 "",
		"CREATE TRIGGER x AFTER INSERT OR UPDATE OR DELETE ON posts EXECUTE FUNCTION y()":         "",
		"CREATE TRIGGER x BEFORE UPDATE OF title ON posts BEGIN SELECT 1; END":                    "",
		"GRANT EXECUTE ON FUNCTION x TO ann; GRANT UPDATE ON posts TO ann":                        "",
		"CREATE POLICY x ON posts FOR UPDATE USING (true)":                                        "",
		"GRANT INSERT, UPDATE (title), DELETE ON posts TO ann":                                    "",
		"DROP TABLE posts": "",
		"LOCK TABLE posts": "",
		"SAVEPOINT posts":  "",
		// The SQLite migrator recreates a table.
		"CREATE TABLE `posts__temp` (`id` integer)": "",
	}
	writtenOnPostgres = map[string]string{
		"WITH x AS (SELECT $$it's$$ AS t) UPDATE posts SET a=1":                                 "posts",
		"/* a /* b */ it's */ UPDATE posts SET a = 1":                                           "posts",
		"WITH x AS (SELECT ARRAY[']'] AS t) UPDATE posts SET a = 1":                             "posts",
		`UPDATE U&"posts" SET a = 1`:                                                            "posts",
		"-- note\rUPDATE posts SET a = 1":                                                       "posts",
		`UPDATE U&"p\006fsts" SET a = 1`:                                                        "posts",
		`UPDATE u&"p\+00006fsts" SET a = 1`:                                                     "posts",
		`DELETE FROM ONLY U&"p!006fsts" UESCAPE '!' WHERE a = 1`:                                "posts",
		`DELETE FROM public . U&"p!006fsts"UESCAPE'!'`:                                          "posts",
		`TRUNCATE authors, U&"\0070osts"`:                                                       "posts",
		`UPDATE U&"authors" SET a = U&'\0070osts'`:                                              "",
		`DO E'\x55PDATE p\157s\u0074\U00000073 SET a = 1'`:                                      "posts",
		`DO e'BEGIN\nEXECUTE \'UPDATE p\\\\x6fsts\'; END'`:                                      "",
		`DO $$ BEGIN EXECUTE E'UPDATE p\x6fsts SET a = 1'; END $$`:                              "posts",
		`DO U&'BEGIN UPDATE p\006fsts SET a = 1; END'`:                                          "posts",
		`DO U&'BEGIN UPDATE p!006fsts SET a = 1; END' UESCAPE '!'`:                              "posts",
		"DO 'BEGIN '\n'UPDATE posts SET a = 1; END'":                                            "posts",
		"DO LANGUAGE plpgsql 'BEGIN UPD'\n'ATE po'\n'sts; END'":                                 "posts",
		"DO E'BEGIN UPDATE p' -- it\n'\\x6fsts; END'":                                           "posts",
		"DO $$ BEGIN UPDATE posts SET title = ''; END $$":                                       "posts",
		"DO $body$UPDATE posts SET title = ''$body$":                                            "posts",
		"DO 'BEGIN UPDATE posts SET title = ''x''; END'":                                        "posts",
		"DO LANGUAGE plpgsql 'BEGIN DELETE FROM posts; END'":                                    "posts",
		`do E'BEGIN UPDATE\nposts SET title = \'x\'; END' language plpgsql`:                     "posts",
		"DO $$ BEGIN EXECUTE 'DELETE FROM posts'; END $$":                                       "posts",
		"DO 'BEGIN EXECUTE ''UPDATE posts SET title = 1''; END'":                                "posts",
		"DO $$ BEGIN EXECUTE format('UPDATE %I SET title = 1', 'posts'); END $$":                "posts",
		"DO $$ BEGIN EXECUTE 'DELETE FROM ' || quote_ident('posts'); END $$":                    "posts",
		"DO $$ DECLARE s text := 'posts'; BEGIN EXECUTE ('DELETE FROM ' || s); END $$":          "posts",
		"DO $$ DECLARE s text; BEGIN s := format('DELETE FROM %s', 'posts'); EXECUTE s; END $$": "posts",
		"DO 'BEGIN EXECUTE concat(''DELETE FROM '', ''app.notes''); END'":                       "app.notes",
		"EXPLAIN ANALYZE DELETE FROM posts":                                                     "posts",
		`INSERT INTO log VALUES (E'it\'s'); DELETE FROM posts`:                                  "posts",
		"DO 'BEGIN UPDATE authors SET name = ''update posts''; END'":                            "",
		"INSERT INTO authors (id) VALUES (1) ON CONFLICT (posts) DO UPDATE SET posts = 1":       "",
		"DO $$ BEGIN EXECUTE format('CREATE INDEX ON %I (id)', 'posts'); END $$":                "",
		"DO $$ BEGIN EXECUTE format('UPDATE %I SET title = 1', 'authors'); END $$":              "",
	}
	writtenOnSQLite = map[string]string{
		"-- it's\r don't\nUPDATE posts SET a = 1":                  "posts",
		"UPDATE `posts` SET title = ''":                            "posts",
		"UPDATE [posts] SET title = ''":                            "posts",
		"DELETE FROM [posts]":                                      "posts",
		"INSERT INTO `posts__temp`(`id`) SELECT `id` FROM `posts`": "",
		"ALTER TABLE `posts__temp` RENAME TO `posts`":              "",
	}
)

func TestWrittenByRaw(t *testing.T) {
	t.Parallel()
	p := tracking("posts", `odd "name`, "app.notes", "příspěvky", "my posts", "Order", "a$b")
	for _, d := range []dialect.Dialect{dialect.Postgres, dialect.SQLite} {
		texts := maps.Clone(writtenOnBoth)
		if p.Dialect = d; d.Numbered {
			maps.Copy(texts, writtenOnPostgres)
		} else {
			maps.Copy(texts, writtenOnSQLite)
		}
		for sql, want := range texts {
			if got := WrittenBy(p, d.Language.Read(sql)); got != want {
				t.Errorf("%s: %q: got %q, want %q", d.Name, sql, got, want)
			}
		}
	}
}
