package triggers_test

import (
	"testing"
	"time"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestTriggers_one: a statement about one row, which is read in a way of its own, while
// triggers of the user's change that row or others again.
func TestTriggers_one(t *testing.T) {
	t.Parallel()
	followed(t, map[string][]string{
		"a trigger takes the old key": {
			afterRow("UPDATE", "IF NEW.id <> OLD.id THEN INSERT INTO posts (id, author_id, title, published, created_at) VALUES (OLD.id, 7, 'taken', true, now()); END IF"),
			"UPDATE posts SET id = 99 WHERE id = 10",
		},
		"a trigger moves the row, and another to its key": {
			afterRow("UPDATE", "IF pg_trigger_depth() = 1 THEN UPDATE posts SET id = 98 WHERE id = 10; UPDATE posts SET id = 10 WHERE id = 12; END IF"),
			"UPDATE posts SET author_id = 2 WHERE id = 10",
		},
		"a trigger changes the row further": {
			afterRow("UPDATE", "UPDATE posts SET author_id = author_id + 1 WHERE id = NEW.id AND author_id < 5"), "UPDATE posts SET author_id = 2 WHERE id = 10",
		},
		"a trigger changes a row whose image has stayed": {
			afterRow("UPDATE", "UPDATE posts SET author_id = 5 WHERE id = NEW.id AND author_id <> 5"), "UPDATE posts SET body = 'b' WHERE id = 10",
		},
		"a trigger changes the row back": {
			afterRow("UPDATE", "UPDATE posts SET author_id = OLD.author_id WHERE id = NEW.id AND pg_trigger_depth() = 1"), "UPDATE posts SET author_id = 2 WHERE id = 10",
		},
		"a trigger deletes the row":             {afterRow("UPDATE", "DELETE FROM posts WHERE id = NEW.id"), "UPDATE posts SET author_id = 2 WHERE id = 10"},
		"a trigger inserts the deleted row":     {afterRow("DELETE", "OLD.author_id = 6; INSERT INTO posts SELECT OLD.*"), "DELETE FROM posts WHERE id = 10"},
		"a trigger inserts what was hidden":     {afterRow("DELETE", "OLD.deleted_at = NULL; INSERT INTO posts SELECT OLD.*"), "DELETE FROM posts WHERE id = 14"},
		"a trigger hides the inserted row":      {afterRow("INSERT", "UPDATE posts SET deleted_at = now() WHERE id = NEW.id"), insertedPost},
		"a trigger moves the inserted row":      {afterRow("INSERT", "UPDATE posts SET id = 97 WHERE id = NEW.id"), insertedPost},
		"of two rows the first moves":           {"UPDATE posts SET author_id = 9, id = CASE WHEN id = 10 THEN 99 ELSE id END WHERE id IN (10, 11)"},
		"of two rows the second moves":          {"UPDATE posts SET author_id = 9, id = CASE WHEN id = 11 THEN 99 ELSE id END WHERE id IN (10, 11)"},
		"a row is hidden among others that are": {"UPDATE posts SET deleted_at = now() WHERE id IN (10, 11)", "UPDATE posts SET deleted_at = now(), author_id = 9"},
		"a WITH puts the row where it was":      {"WITH d AS (DELETE FROM posts WHERE id = 10 RETURNING *) INSERT INTO posts SELECT * FROM d"},
		"an upsert inserts, or changes a row":   {insertedPost + " ON CONFLICT (id) DO UPDATE SET author_id = 3", insertedPost + " ON CONFLICT (id) DO UPDATE SET author_id = 3"},
	})
}

// Moved is in the partition of its area.
type Moved struct {
	ID        uint
	Area      int
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=area:{Area}"`
}

// TestTriggers_partitionLeft: an update takes a row out of its partition, and a trigger
// of the other partition does not let it in.
func TestTriggers_partitionLeft(t *testing.T) {
	t.Parallel()
	dsn := world.NewDSN(t, "postgres")
	plain := world.OpenDSN(t, "postgres", dsn, nil)
	err := plain.Exec(`CREATE TABLE moveds (id bigint, area int, created_at timestamptz) PARTITION BY LIST (area);
		CREATE TABLE near PARTITION OF moveds FOR VALUES IN (1, 2);
		CREATE TABLE far PARTITION OF moveds FOR VALUES IN (3, 4);
		CREATE FUNCTION closed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN CASE WHEN NEW.area = 3 THEN NEW END; END $$;
		CREATE TRIGGER closed BEFORE INSERT ON far FOR EACH ROW EXECUTE FUNCTION closed()`).Error
	if err != nil {
		t.Fatal(err)
	}
	w := world.TriggerWorld(t, world.Setup{Dialect: "postgres", DSN: dsn, Models: []any{}, Tracked: []any{&Moved{}}})
	w.Script(w.Session(), "INSERT INTO moveds SELECT i, 1, timestamptz '2026-01-01' + i * interval '1 min' FROM generate_series(1, 6) i",
		"UPDATE moveds SET area = 2 WHERE id = 1", "UPDATE moveds SET area = 3 WHERE id = 2", "UPDATE moveds SET area = 4 WHERE id = 3", "UPDATE near SET area = 2 WHERE id = 4")
	w.WantIDs("area:1", "moveds:6", "moveds:5")
	w.WantIDs("area:2", "moveds:4", "moveds:1")
	w.WantIDs("area:3", "moveds:2")
	w.WantIDs("area:4")
	w.Script(w.Session(), "UPDATE moveds SET area = 2 + id % 3")
	w.Drain()
	w.WantDifferences()
}

// named has columns with the names that the functions use themselves.
type named struct {
	ID         uint
	Key        string
	Alike      bool
	Version    int
	Image      string
	Timak      string
	R, T, N, D string
	CreatedAt  time.Time

	_ timakgorm.Timeline `timak:"key=key:{Key}; when=Alike; data=Version,Image,Timak,R,T,N,D"`
}

// TestTriggers_names: columns may be called as the functions' variables are.
func TestTriggers_names(t *testing.T) {
	t.Parallel()
	w := world.TriggerWorld(t, world.Setup{Dialect: "postgres", Models: []any{&named{}}, Tracked: []any{&named{}}})
	w.Must(w.DB.Create(&named{ID: 1, Key: "a", Alike: true}).Error)
	w.WantIDs("key:a", "nameds:1")
	w.Must(w.DB.Model(&named{ID: 1}).Updates(map[string]any{"key": "b", "image": "x", "version": 2}).Error)
	w.WantIDs("key:a")
	w.WantIDs("key:b", "nameds:1")
	w.Must(w.DB.Create(&[]named{{ID: 2, Key: "b", Alike: true}, {ID: 3, Key: "b", Alike: true}}).Error)
	w.Must(w.DB.Delete(&named{ID: 1}).Error)
	w.Drain()
	w.WantDifferences()
	w.Must(w.DB.Where("true").Delete(&named{}).Error)
	w.WantIDs("key:b")
}

// TestTriggers_alteredType: a session that has written a table writes it on when its
// columns have got other types.
func TestTriggers_alteredType(t *testing.T) {
	t.Parallel()
	w := world.TriggerWorld(t, world.Setup{Dialect: "postgres"})
	w.Seed()
	w.Check()
	conn := w.Session()
	for _, kind := range []string{"bigint", "integer", "numeric(20)", "bigint"} {
		w.Script(w.Session(), "ALTER TABLE posts ALTER id TYPE "+kind+", ALTER author_id TYPE "+kind)
		w.Script(conn, insertedPost, "UPDATE posts SET author_id = author_id + 1 WHERE id = 30", "UPDATE posts SET title = title || '.'", "DELETE FROM posts WHERE id = 30",
			"UPDATE posts SET author_id = 9 - author_id WHERE id = 10")
		other := w.Another(&timakgorm.Options{Capture: timakgorm.Triggers}) // whose sessions know no other types
		other.Check()
		other.WantDifferences()
	}
}

// TestTriggers_beside: an update of a row whose image stays has nothing to do with the
// outbox.
func TestTriggers_beside(t *testing.T) {
	t.Parallel()
	w := world.TriggerWorld(t, world.Setup{Dialect: "postgres"})
	w.Seed()
	w.Drain()
	opened := func(update string) (n int) {
		t.Helper()
		tx := w.DB.Begin()
		defer tx.Rollback()
		w.Must(tx.Exec(update).Error)
		w.Must(tx.Raw("SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND relation = 'timak_outbox'::regclass").Scan(&n).Error)
		return n
	}
	for _, update := range []string{"UPDATE posts SET body = 'b' WHERE id = 10", "UPDATE posts SET author_id = 9 WHERE id = 999", "UPDATE posts SET author_id = 9 WHERE id = 14"} {
		if n := opened(update); n > 0 {
			t.Errorf("%s: it has opened the outbox", update)
		}
	}
	if opened("UPDATE posts SET author_id = 9 WHERE id = 10") == 0 {
		t.Error("an update that changes an image has not opened the outbox")
	}
}

// TestTriggers_quotedSchema: the functions name their schema in texts too.
func TestTriggers_quotedSchema(t *testing.T) {
	t.Parallel()
	dsn := world.NewDSN(t, "postgres")
	err := world.OpenDSN(t, "postgres", dsn, nil).Exec(`CREATE SCHEMA "it's";
		DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = "it''s"', current_database()); END $$`).Error
	if err != nil {
		t.Fatal(err)
	}
	w := world.TriggerWorld(t, world.Setup{Dialect: "postgres", DSN: dsn})
	w.Seed()
	w.Script(w.Session(), insertedPost, "UPDATE posts SET author_id = 2 WHERE id = 10")
	w.Check()
	w.Script(w.Session(), "TRUNCATE posts")
	w.Check()
}

// TestTriggers_behind: a version is not behind the clock, also if the sequence is.
func TestTriggers_behind(t *testing.T) {
	t.Parallel()
	w := world.TriggerWorld(t, world.Setup{Dialect: "postgres"})
	w.Seed()
	for _, write := range []string{insertedPost, "UPDATE posts SET author_id = 2 WHERE id = 10", "UPDATE posts SET author_id = 3", "DELETE FROM posts WHERE id = 10", "TRUNCATE posts"} {
		w.Drain()
		var began int64
		w.Must(w.DB.Raw("SELECT (date_part('epoch', clock_timestamp()) * 1000000)::bigint + 0 * setval('timak_versions', 1)").Scan(&began).Error)
		w.Script(w.Session(), write)
		var behind, all int
		w.Must(w.DB.Raw("SELECT count(*) FILTER (WHERE version < ?), count(*) FROM timak_outbox", began).Row().Scan(&behind, &all))
		if behind > 0 || all == 0 {
			t.Errorf("%s: %d of %d versions are behind the clock, want 0 of some", write, behind, all)
		}
	}
}
