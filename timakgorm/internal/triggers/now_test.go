package triggers_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// followed runs scripts on tables of their own, which the timelines have to follow.
func followed(t *testing.T, cases map[string][]string) {
	t.Helper()
	for name, scripts := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := world.TriggerWorld(t, world.Setup{Dialect: "postgres"})
			w.Seed()
			w.Check()
			w.Script(w.Session(), scripts...)
			w.Check()
			w.WantDifferences()
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
			dsn := world.NewDSN(t, "postgres")
			plain := world.OpenDSN(t, "postgres", dsn, nil)
			err := plain.Exec(`CREATE TABLE users (id bigint PRIMARY KEY);
				INSERT INTO users SELECT generate_series(0, 9);
				CREATE TABLE linkeds (id bigint PRIMARY KEY, created_at timestamptz,
					a bigint DEFAULT 0 REFERENCES users ` + a + `, b bigint DEFAULT 0 REFERENCES users ` + b + `, c bigint DEFAULT 0 REFERENCES users ` + c + `)`).Error
			if err != nil {
				t.Fatal(err)
			}
			w := world.TriggerWorld(t, world.Setup{Dialect: "postgres", DSN: dsn, Models: []any{}, Tracked: []any{&Linked{}}})
			conn := w.Session()
			w.Script(conn, fmt.Sprintf("INSERT INTO linkeds SELECT i, timestamptz '2026-01-01' + i * interval '1 min', 1 + i %% 2, 1 + i %% 3, 1 + i %% 5 FROM generate_series(1, %d) i", rows))
			w.Drain()
			w.WantDifferences()
			for _, statement := range []string{
				"DELETE FROM users WHERE id = 1", "UPDATE users SET id = id + 100 WHERE id IN (2, 3)", "DELETE FROM users WHERE id > 100", "DELETE FROM users WHERE id IN (4, 5)",
			} {
				w.Script(conn, statement)
				w.Drain()
				w.WantDifferences()
			}
		})
	}
}

// TestTriggers_renamed: the triggers of a table that has been renamed do not speak
// for the one that has its name now.
func TestTriggers_renamed(t *testing.T) {
	t.Parallel()
	w := world.TriggerWorld(t, world.Setup{Dialect: "postgres"})
	w.Seed()
	w.Script(w.Session(), "ALTER TABLE posts RENAME TO posts_old; CREATE TABLE posts (LIKE posts_old INCLUDING ALL); INSERT INTO posts SELECT * FROM posts_old")
	w.Must(w.Plugin.InstallTriggers(t.Context(), w.DB))
	w.Check()
	w.Script(w.Session(), "UPDATE posts_old SET author_id = 9", "INSERT INTO posts_old (id, author_id, published) VALUES (50, 1, true)",
		"DELETE FROM posts_old WHERE id = 10", "TRUNCATE posts_old")
	w.Check()
	w.Must(w.DB.Model(&world.Post{ID: 10}).Update("author_id", 2).Error)
	w.Check()
	w.WantDifferences()
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
	w := world.TriggerWorld(t, world.Setup{Dialect: "postgres"})
	w.Seed()
	conn := w.Session()
	for _, level := range []string{"REPEATABLE READ", "SERIALIZABLE"} {
		w.Script(conn, "BEGIN ISOLATION LEVEL "+level+"; SELECT 1 FROM authors")
		_, err := conn.ExecContext(t.Context(), "TRUNCATE posts")
		if err == nil || !strings.Contains(err.Error(), "isolation level") {
			t.Errorf("%s: got %v, want an error that says isolation level", level, err)
		}
		w.Script(conn, "ROLLBACK")
	}
	w.Check()
	w.Script(conn, "BEGIN ISOLATION LEVEL READ UNCOMMITTED; TRUNCATE posts; COMMIT")
	w.Check()
}

// TestTriggers_rowSecurity: triggers see the rows that a policy hides from the
// writer; a role from which it hides some cannot install them.
func TestTriggers_rowSecurity(t *testing.T) {
	t.Parallel()
	w := world.TriggerWorld(t, world.Setup{Dialect: "postgres"})
	w.Seed()
	w.Check()
	role := w.Role("SELECT, INSERT, UPDATE, DELETE, TRUNCATE")
	w.Must(w.DB.Exec("ALTER TABLE posts ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON posts TO " + role + " USING (author_id = 1) WITH CHECK (true)").Error)
	w.Script(w.Session(), "SET ROLE "+role+"; UPDATE posts SET author_id = 2; INSERT INTO posts (id, author_id, published, created_at) VALUES (30, 3, true, now())")
	w.Check()
	w.WantDifferences()
	w.Script(w.Session(), "SET ROLE "+role+"; TRUNCATE posts")
	w.Check()

	w.Must(w.Plugin.DropTriggers(t.Context(), w.DB))
	w.Must(w.DB.Exec("ALTER TABLE posts FORCE ROW LEVEL SECURITY; ALTER TABLE posts OWNER TO " + role).Error)
	tx := w.DB.Begin()
	defer tx.Rollback()
	w.Must(tx.Exec("GRANT ALL ON SCHEMA public TO " + role + "; SET LOCAL ROLE " + role).Error)
	refused := func(says string) {
		t.Helper()
		w.Must(tx.SavePoint("before").Error)
		if err := w.Plugin.InstallTriggers(t.Context(), tx); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("install as a role that cannot: got %v, want an error that says %q", err, says)
		}
		w.Must(tx.RollbackTo("before").Error)
	}
	refused("row-level security")
	w.Must(tx.Exec("ALTER TABLE posts NO FORCE ROW LEVEL SECURITY").Error)
	refused("may not write timak_outbox")
	grant := func(rights string) {
		t.Helper()
		w.Must(tx.Exec("RESET ROLE; GRANT " + rights + " TO " + role + "; SELECT setval('timak_versions', 1); SET LOCAL ROLE " + role).Error)
	}
	grant("INSERT ON timak_outbox")
	grant("UPDATE ON SEQUENCE timak_versions")
	refused("grant it INSERT on the one, USAGE and UPDATE on the other")
	grant("USAGE ON SEQUENCE timak_versions")
	w.Must(w.Plugin.InstallTriggers(t.Context(), tx))
	w.Must(tx.Exec("INSERT INTO posts (id, author_id) VALUES (40, 1); UPDATE posts SET author_id = 9 WHERE id = 40; DELETE FROM posts WHERE id = 40").Error)
}

// TestTriggers_role: who writes a tracked table needs no other rights, and cannot
// have the triggers' functions speak of tables of their own, nor put operators of
// their own in the place of those that these use.
func TestTriggers_role(t *testing.T) {
	t.Parallel()
	w := world.TriggerWorld(t, world.Setup{Dialect: "postgres"})
	w.Seed()
	w.Check()
	role := w.Role("INSERT, UPDATE, DELETE, TRUNCATE")
	w.Must(w.DB.Exec("GRANT SELECT (id) ON posts TO " + role + "; CREATE SCHEMA own AUTHORIZATION " + role).Error)
	conn := w.Session()
	w.Script(conn, "SET ROLE "+role+"; SET search_path = own, pg_catalog, public")
	for _, trap := range []struct{ name, left, right, result string }{
		{"=", "bigint", "bigint", "boolean"},
		{"<>", "name", "text", "boolean"},
		{">=", "bigint", "bigint", "boolean"},
		{"<", "bigint", "bigint", "boolean"},
		{"||", "text", "text", "text"},
		{"*", "double precision", "integer", "double precision"},
		{"*<>", "record", "record", "boolean"},
	} {
		w.Script(conn, fmt.Sprintf(`CREATE FUNCTION own."op %[1]s"(%[2]s, %[3]s) RETURNS %[4]s LANGUAGE plpgsql AS $$ BEGIN RAISE 'trap %[1]s'; END $$;
			CREATE OPERATOR own.%[1]s (LEFTARG = %[2]s, RIGHTARG = %[3]s, FUNCTION = own."op %[1]s")`, trap.name, trap.left, trap.right, trap.result))
	}
	for _, write := range []string{
		"INSERT INTO posts (id, author_id, title, published, created_at) VALUES (30, 1, 'r', true, '2026-01-01 00:08:00+00')",
		"UPDATE posts SET author_id = 2", "UPDATE posts SET id = 31 WHERE id OPERATOR(pg_catalog.=) 30", "DELETE FROM posts WHERE id OPERATOR(pg_catalog.=) 11",
	} {
		w.Script(conn, write)
		w.Check()
	}
	w.WantDifferences()
	w.Script(conn, "TRUNCATE posts")
	w.Check()
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
	w := world.TriggerWorld(t, world.Setup{Dialect: "postgres", Models: []any{&Measured{}}, Tracked: []any{&Measured{}}})
	w.Script(w.Session(), "SET extra_float_digits = -3; SET TimeZone = 'Asia/Kathmandu'; SET DateStyle = 'German'",
		"INSERT INTO measureds (id, value, created_at) VALUES (1, 0.1::float8 + 0.2::float8, '2026-01-01 00:08:00+00')")
	w.Drain()
	tl, err := w.Timelines.Get(t.Context(), "measured")
	w.Must(err)
	if items := tl.Items(); len(items) != 1 || string(items[0].Data) != `{"value":0.30000000000000004}` || !items[0].At.Equal(world.At(8)) {
		t.Errorf("got %v", items)
	}
	w.WantDifferences()
}

// TestVersions_snapshot: a version exceeds those of changes that its transaction
// does not see, even if the clock was set back.
func TestVersions_snapshot(t *testing.T) {
	t.Parallel()
	w := world.TriggerWorld(t, world.Setup{Dialect: "postgres"})
	w.Seed()
	w.Drain()
	w.ClockSetBack(time.Now().Add(time.Hour).UnixMicro())
	conn := w.Session()
	w.Script(conn, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM authors")
	w.Script(w.Session(), "UPDATE posts SET title = 'x' WHERE id = 10", "UPDATE posts SET title = 'y' WHERE id = 10", "DELETE FROM posts WHERE id = 10")
	w.Script(conn, "INSERT INTO posts (id, author_id, title, published, created_at) VALUES (10, 1, 'x', true, '2026-01-01 00:08:00+00'); COMMIT")
	w.Check()
	w.WantIDs("author:1:posts", "posts:10", "posts:12")
}

// TestVersions_together: many sessions draw versions at once, while the clock
// runs away from them and floors are far ahead of it. A version exceeds by two at
// least every one that was drawn before it was asked for.
func TestVersions_together(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres"})
	const sessions, draws = 8, 400
	type drawn struct {
		asked, got time.Time
		version    int64
	}
	results := make([][]drawn, sessions)
	var draw []func()
	for n := range sessions {
		conn := w.Session()
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
	world.AtOnce(draw...)
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
