package timakgorm_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/timakgorm"
)

// session is a connection of a program that knows nothing of timak.
func (w *world) session() *sql.Conn {
	w.Helper()
	conn, err := w.stranger().Conn(w.Context())
	w.must(err)
	w.Cleanup(func() { _ = conn.Close() })
	return conn
}

// script runs scripts in a session.
func (w *world) script(conn *sql.Conn, scripts ...string) {
	w.Helper()
	for _, script := range scripts {
		if _, err := conn.ExecContext(context.Background(), script); err != nil {
			w.Fatalf("%s: %v", script, err)
		}
	}
}

// followed runs scripts on tables of their own, which the timelines have to follow.
func followed(t *testing.T, cases map[string][]string) {
	t.Helper()
	for name, scripts := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := triggerWorld(t, setup{dialect: "postgres"})
			w.seed()
			w.check()
			w.script(w.session(), scripts...)
			w.check()
			w.wantDifferences()
		})
	}
}

// afterRow is a trigger of the user's that does something after each row.
func afterRow(events, does string) string {
	return `CREATE FUNCTION users_own() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ` + does + `; RETURN NULL; END $$;
		CREATE TRIGGER users_own AFTER ` + events + ` ON posts FOR EACH ROW EXECUTE FUNCTION users_own()`
}

const insertedPost = "INSERT INTO posts (id, author_id, title, published, created_at) VALUES (30, 1, 'new', true, '2026-01-01 00:08:00+00')"

// TestTriggers_now: a statement whose rows other parts of it change as well. These
// are recorded before it or after it; what stands is what the table holds.
func TestTriggers_now(t *testing.T) {
	t.Parallel()
	followed(t, map[string][]string{
		"a row is inserted by a WITH that deletes it": {`WITH d AS (DELETE FROM posts WHERE id IN (10, 11) RETURNING *)
			INSERT INTO posts (id, author_id, title, published, created_at) SELECT id, 7, title, published, created_at FROM d ORDER BY id LIMIT 1`},
		"a row is inserted by a WITH that moves it away": {`WITH u AS (UPDATE posts SET id = 99 WHERE id = 10 RETURNING 1)
			INSERT INTO posts (id, author_id, title, published, created_at) SELECT 10, 7, 'n', true, '2026-01-01 00:08:00+00' WHERE EXISTS (SELECT 1 FROM u)`},
		"a trigger updates the updated row": {
			afterRow("UPDATE", "UPDATE posts SET title = upper(title) WHERE id = NEW.id AND title <> upper(title)"),
			"UPDATE posts SET title = 'abc', author_id = 2 WHERE id = 10",
		},
		"a trigger changes all back": {
			afterRow("UPDATE", "UPDATE posts SET author_id = OLD.author_id, title = OLD.title WHERE id = NEW.id AND pg_trigger_depth() = 1"),
			"UPDATE posts SET title = 'abc', author_id = 2",
		},
		"a trigger moves the updated row": {
			afterRow("UPDATE", "UPDATE posts SET id = id + 50 WHERE id = NEW.id AND id < 50"), "UPDATE posts SET author_id = 2",
		},
		"a trigger hides the updated row": {
			afterRow("UPDATE", "UPDATE posts SET deleted_at = now() WHERE id = NEW.id AND pg_trigger_depth() = 1"), "UPDATE posts SET author_id = 2",
		},
		"a trigger shows the hidden row": {
			afterRow("UPDATE", "UPDATE posts SET deleted_at = NULL WHERE id = NEW.id AND pg_trigger_depth() = 1"), "UPDATE posts SET deleted_at = now()",
		},
		"a trigger deletes the updated row": {afterRow("UPDATE", "DELETE FROM posts WHERE id = NEW.id"), "UPDATE posts SET author_id = 2"},
		"a trigger updates the inserted row": {
			afterRow("INSERT", "UPDATE posts SET author_id = 5 WHERE id = NEW.id"), insertedPost,
		},
		"a trigger deletes the inserted row":          {afterRow("INSERT", "DELETE FROM posts WHERE id = NEW.id"), insertedPost},
		"a trigger inserts the deleted row":           {afterRow("DELETE", "INSERT INTO posts SELECT OLD.*"), "DELETE FROM posts"},
		"a trigger inserts the deleted row otherwise": {afterRow("DELETE", "OLD.author_id = 6; INSERT INTO posts SELECT OLD.*"), "DELETE FROM posts"},
		"a trigger of the statement, called before ours": {
			strings.Replace(afterRow("INSERT", "UPDATE posts SET author_id = 5 WHERE author_id = 1"), "FOR EACH ROW", "FOR EACH STATEMENT", 1), insertedPost,
		},
		"a function of the SET list updates another row of the statement": {
			`CREATE FUNCTION bump(i bigint) RETURNS text LANGUAGE plpgsql AS $$ BEGIN UPDATE posts SET title = 'bumped' WHERE id = i - 1; RETURN 'set'; END $$`,
			"UPDATE posts SET title = bump(id) WHERE id IN (10, 12)",
		},
	})
}

// Linked refers to a table three times.
type Linked struct {
	ID        uint
	A, B, C   *int
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=a:{A}"`
	_ timakgorm.Timeline `timak:"key=b:{B}"`
	_ timakgorm.Timeline `timak:"key=c:{C}"`
}

// TestTriggers_manyKeys: a row that one statement reaches by several foreign keys
// is changed by each of them in turn, within what is one statement to a trigger.
func TestTriggers_manyKeys(t *testing.T) {
	t.Parallel()
	const rows = 60
	actions := []string{"ON DELETE SET NULL ON UPDATE CASCADE", "ON DELETE SET DEFAULT ON UPDATE SET NULL", "ON DELETE CASCADE ON UPDATE SET DEFAULT"}
	for n := range 27 {
		a, b, c := actions[n%3], actions[n/3%3], actions[n/9]
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			dsn := newDSN(t, "postgres")
			plain := openDSN(t, "postgres", dsn, nil)
			err := plain.Exec(`CREATE TABLE users (id bigint PRIMARY KEY);
				INSERT INTO users SELECT generate_series(0, 9);
				CREATE TABLE linkeds (id bigint PRIMARY KEY, created_at timestamptz,
					a bigint DEFAULT 0 REFERENCES users ` + a + `, b bigint DEFAULT 0 REFERENCES users ` + b + `, c bigint DEFAULT 0 REFERENCES users ` + c + `)`).Error
			if err != nil {
				t.Fatal(err)
			}
			w := triggerWorld(t, setup{dialect: "postgres", dsn: dsn, models: []any{}, tracked: []any{&Linked{}}})
			conn := w.session()
			w.script(conn, fmt.Sprintf("INSERT INTO linkeds SELECT i, timestamptz '2026-01-01' + i * interval '1 min', 1 + i %% 2, 1 + i %% 3, 1 + i %% 5 FROM generate_series(1, %d) i", rows))
			w.drain()
			w.wantDifferences()
			for _, statement := range []string{
				"DELETE FROM users WHERE id = 1", "UPDATE users SET id = id + 100 WHERE id IN (2, 3)", "DELETE FROM users WHERE id > 100", "DELETE FROM users WHERE id IN (4, 5)",
			} {
				w.script(conn, statement)
				w.drain()
				w.wantDifferences()
			}
		})
	}
}

// TestTriggers_renamed: the triggers of a table that has been renamed do not speak
// for the one that has its name now.
func TestTriggers_renamed(t *testing.T) {
	t.Parallel()
	w := triggerWorld(t, setup{dialect: "postgres"})
	w.seed()
	w.script(w.session(), "ALTER TABLE posts RENAME TO posts_old; CREATE TABLE posts (LIKE posts_old INCLUDING ALL); INSERT INTO posts SELECT * FROM posts_old")
	w.must(w.plugin.InstallTriggers(t.Context(), w.db))
	w.check()
	w.script(w.session(), "UPDATE posts_old SET author_id = 9", "INSERT INTO posts_old (id, author_id, published) VALUES (50, 1, true)",
		"DELETE FROM posts_old WHERE id = 10", "TRUNCATE posts_old")
	w.check()
	w.must(w.db.Model(&Post{ID: 10}).Update("author_id", 2).Error)
	w.check()
	w.wantDifferences()
}

// TestTriggers_truncate: whoever truncates a table, and whatever its name means to
// them, all its rows leave the timelines, and no others.
func TestTriggers_truncate(t *testing.T) {
	t.Parallel()
	followed(t, map[string][]string{
		"beside a temporary table of its name": {"CREATE TEMP TABLE posts AS SELECT * FROM public.posts WHERE id = 10", "TRUNCATE public.posts"},
		"with no path":                         {"SET search_path = ''", "TRUNCATE public.posts"},
		"on another path":                      {"CREATE SCHEMA z; CREATE TABLE z.posts (); CREATE TABLE z.timak_outbox (); SET search_path = z", "TRUNCATE public.posts"},
		"leaving the inheriting table": {
			"CREATE TABLE heir () INHERITS (posts); WITH d AS (DELETE FROM ONLY posts WHERE id IN (10, 14) RETURNING *) INSERT INTO heir SELECT * FROM d; UPDATE posts SET title = title || '.'",
			"TRUNCATE ONLY posts",
		},
		"with the inheriting table": {
			"CREATE TABLE heir () INHERITS (posts); WITH d AS (DELETE FROM ONLY posts WHERE id IN (10, 14) RETURNING *) INSERT INTO heir SELECT * FROM d; UPDATE posts SET title = title || '.'",
			"TRUNCATE posts",
		},
	})
}

// TestTriggers_truncateUnseen: rows that a transaction removes without seeing them
// are not removed.
func TestTriggers_truncateUnseen(t *testing.T) {
	t.Parallel()
	w := triggerWorld(t, setup{dialect: "postgres"})
	w.seed()
	conn := w.session()
	for _, level := range []string{"REPEATABLE READ", "SERIALIZABLE"} {
		w.script(conn, "BEGIN ISOLATION LEVEL "+level+"; SELECT 1 FROM authors")
		_, err := conn.ExecContext(t.Context(), "TRUNCATE posts")
		if err == nil || !strings.Contains(err.Error(), "isolation level") {
			t.Errorf("%s: got %v, want an error that says isolation level", level, err)
		}
		w.script(conn, "ROLLBACK")
	}
	w.check()
	w.script(conn, "BEGIN ISOLATION LEVEL READ UNCOMMITTED; TRUNCATE posts; COMMIT")
	w.check()
}

// TestTriggers_rowSecurity: triggers see the rows that a policy hides from the
// writer; a role from which it hides some cannot install them.
func TestTriggers_rowSecurity(t *testing.T) {
	t.Parallel()
	w := triggerWorld(t, setup{dialect: "postgres"})
	w.seed()
	w.check()
	role := w.role("SELECT, INSERT, UPDATE, DELETE, TRUNCATE")
	w.must(w.db.Exec("ALTER TABLE posts ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON posts TO " + role + " USING (author_id = 1) WITH CHECK (true)").Error)
	w.script(w.session(), "SET ROLE "+role+"; UPDATE posts SET author_id = 2; INSERT INTO posts (id, author_id, published, created_at) VALUES (30, 3, true, now())")
	w.check()
	w.wantDifferences()
	w.script(w.session(), "SET ROLE "+role+"; TRUNCATE posts")
	w.check()

	w.must(w.plugin.DropTriggers(t.Context(), w.db))
	w.must(w.db.Exec("ALTER TABLE posts FORCE ROW LEVEL SECURITY; ALTER TABLE posts OWNER TO " + role).Error)
	tx := w.db.Begin()
	defer tx.Rollback()
	w.must(tx.Exec("GRANT ALL ON SCHEMA public TO " + role + "; SET LOCAL ROLE " + role).Error)
	refused := func(says string) {
		t.Helper()
		w.must(tx.SavePoint("before").Error)
		if err := w.plugin.InstallTriggers(t.Context(), tx); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("install as a role that cannot: got %v, want an error that says %q", err, says)
		}
		w.must(tx.RollbackTo("before").Error)
	}
	refused("row-level security")
	w.must(tx.Exec("ALTER TABLE posts NO FORCE ROW LEVEL SECURITY").Error)
	refused("may not write timak_outbox")
}

// role makes a role of the server that has some rights on posts, for the time of
// the test.
func (w *world) role(rights string) string {
	w.Helper()
	role := fmt.Sprintf("timak_writer_%d", time.Now().UnixNano())
	w.must(w.db.Exec("CREATE ROLE " + role + "; GRANT " + rights + " ON posts TO " + role).Error)
	w.Cleanup(func() { // DROP OWNED is about one database
		w.must(openDSN(w.TB, "postgres", w.dsn, nil).Exec("REASSIGN OWNED BY " + role + " TO current_user; DROP OWNED BY " + role + "; DROP ROLE " + role).Error)
	})
	return role
}

// TestTriggers_role: who writes a tracked table needs no other rights, and cannot
// have the triggers' functions speak of tables of their own, nor put operators of
// their own in the place of those that these use.
func TestTriggers_role(t *testing.T) {
	t.Parallel()
	w := triggerWorld(t, setup{dialect: "postgres"})
	w.seed()
	w.check()
	role := w.role("INSERT, UPDATE, DELETE, TRUNCATE")
	w.must(w.db.Exec("GRANT SELECT (id) ON posts TO " + role + "; CREATE SCHEMA own AUTHORIZATION " + role).Error)
	conn := w.session()
	w.script(conn, "SET ROLE "+role+"; SET search_path = own, pg_catalog, public")
	for _, trap := range []struct{ name, left, right, result string }{
		{"=", "bigint", "bigint", "boolean"},
		{"<>", "name", "text", "boolean"},
		{">=", "bigint", "bigint", "boolean"},
		{"||", "text", "text", "text"},
		{"*", "double precision", "integer", "double precision"},
		{"*<>", "record", "record", "boolean"},
	} {
		w.script(conn, fmt.Sprintf(`CREATE FUNCTION own."op %[1]s"(%[2]s, %[3]s) RETURNS %[4]s LANGUAGE plpgsql AS $$ BEGIN RAISE 'trap %[1]s'; END $$;
			CREATE OPERATOR own.%[1]s (LEFTARG = %[2]s, RIGHTARG = %[3]s, FUNCTION = own."op %[1]s")`, trap.name, trap.left, trap.right, trap.result))
	}
	for _, write := range []string{
		"INSERT INTO posts (id, author_id, title, published, created_at) VALUES (30, 1, 'r', true, '2026-01-01 00:08:00+00')",
		"UPDATE posts SET author_id = 2", "UPDATE posts SET id = 31 WHERE id OPERATOR(pg_catalog.=) 30", "DELETE FROM posts WHERE id OPERATOR(pg_catalog.=) 11",
	} {
		w.script(conn, write)
		w.check()
	}
	w.wantDifferences()
	w.script(conn, "TRUNCATE posts")
	w.check()
	_, err := conn.ExecContext(t.Context(), "CREATE TABLE own.posts (LIKE public.posts); "+
		"CREATE TRIGGER t BEFORE TRUNCATE ON own.posts FOR EACH STATEMENT EXECUTE FUNCTION public.timak_truncate_posts()")
	if err == nil || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("a trigger of the function on another table: got %v, want permission denied", err)
	}
}

// Measured has a number that a session may write with fewer digits.
type Measured struct {
	ID        uint
	Value     float64 `gorm:"type:double precision"`
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=measured; data=Value"`
}

// TestTriggers_digits: an image does not depend on the settings of the writer.
func TestTriggers_digits(t *testing.T) {
	t.Parallel()
	w := triggerWorld(t, setup{dialect: "postgres", models: []any{&Measured{}}, tracked: []any{&Measured{}}})
	w.script(w.session(), "SET extra_float_digits = -3; SET TimeZone = 'Asia/Kathmandu'; SET DateStyle = 'German'",
		"INSERT INTO measureds (id, value, created_at) VALUES (1, 0.1::float8 + 0.2::float8, '2026-01-01 00:08:00+00')")
	w.drain()
	tl, err := w.timelines.Get(t.Context(), "measured")
	w.must(err)
	if items := tl.Items(); len(items) != 1 || string(items[0].Data) != `{"value":0.30000000000000004}` || !items[0].At.Equal(at(8)) {
		t.Errorf("got %v", items)
	}
	w.wantDifferences()
}

// TestVersions_snapshot: a version exceeds those of changes that its transaction
// does not see, even if the clock was set back.
func TestVersions_snapshot(t *testing.T) {
	t.Parallel()
	w := triggerWorld(t, setup{dialect: "postgres"})
	w.seed()
	w.drain()
	w.clockSetBack(time.Now().Add(time.Hour).UnixMicro())
	conn := w.session()
	w.script(conn, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM authors")
	w.script(w.session(), "UPDATE posts SET title = 'x' WHERE id = 10", "UPDATE posts SET title = 'y' WHERE id = 10", "DELETE FROM posts WHERE id = 10")
	w.script(conn, "INSERT INTO posts (id, author_id, title, published, created_at) VALUES (10, 1, 'x', true, '2026-01-01 00:08:00+00'); COMMIT")
	w.check()
	w.wantIDs("author:1:posts", "posts:10", "posts:12")
}

// TestVersions_together: many sessions draw versions at once, while the clock
// runs away from them and floors are far ahead of it. A version exceeds by two at
// least every one that was drawn before it was asked for.
func TestVersions_together(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{dialect: "postgres"})
	const sessions, draws = 8, 400
	type drawn struct {
		asked, got time.Time
		version    int64
	}
	results := make([][]drawn, sessions)
	var draw []func()
	for n := range sessions {
		conn := w.session()
		draw = append(draw, func() {
			for i := range draws {
				floor := int64(0)
				if n == 0 && i%50 == 49 {
					floor = time.Now().Add(time.Duration(i) * time.Second).UnixMicro()
				}
				d := drawn{asked: time.Now()}
				err := conn.QueryRowContext(context.Background(), "SELECT timak_version($1)", floor).Scan(&d.version)
				if d.got = time.Now(); err != nil || d.version < floor {
					t.Errorf("floor %d: got %d, %v", floor, d.version, err)
				}
				results[n] = append(results[n], d)
				if i%20 == 0 {
					time.Sleep(11 * time.Millisecond) // so that the clock is ahead
				}
			}
		})
	}
	atOnce(draw...)
	byAsked := slices.Concat(results...)
	byGot := slices.Clone(byAsked)
	slices.SortFunc(byAsked, func(a, b drawn) int { return a.asked.Compare(b.asked) })
	slices.SortFunc(byGot, func(a, b drawn) int { return a.got.Compare(b.got) })
	highest := int64(0)
	for _, d := range byAsked {
		for len(byGot) > 0 && byGot[0].got.Before(d.asked) {
			highest, byGot = max(highest, byGot[0].version), byGot[1:]
		}
		if d.version < highest+2 {
			t.Fatalf("got %d after %d", d.version, highest)
		}
	}
}
