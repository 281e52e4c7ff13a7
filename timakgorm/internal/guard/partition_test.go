package guard_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestPartitioned: rows of a partitioned table are followed from one partition
// into another.
func TestPartitioned(t *testing.T) {
	t.Parallel()
	world.ByBoth(t, func(t *testing.T, by timakgorm.Capture) {
		w := world.PartitionedWorld(t, by, nil)
		w.Must(w.DB.Model(&world.Reading{ID: 1}).Update("created_at", world.At(50)).Error)
		w.WantIDs("sensor:1", "reading:1", "reading:2")
		w.Must(w.DB.Save(&world.Reading{ID: 2, SensorID: 2, CreatedAt: world.At(2)}).Error)
		w.WantIDs("sensor:2", "reading:2")
		w.Must(w.DB.Model(&world.Reading{}).Where("true").Update("Sensor", 3).Error)
		w.WantIDs("sensor:3", "reading:1", "reading:2")
		w.Must(w.DB.Delete(&world.Reading{ID: 1}).Error)
		w.WantIDs("sensor:3", "reading:2")
		if by == timakgorm.Triggers {
			stranger := w.Stranger()
			for _, sql := range []string{`SET search_path = plant; UPDATE "Readings" SET "Sensor" = 4`, `TRUNCATE plant."Readings"`} {
				_, err := stranger.ExecContext(t.Context(), sql)
				w.Must(err)
				w.Drain()
				w.WantDifferences()
			}
		}
		w.WantDifferences()
	})
}

// TestPartition_others: what another program writes by the name of a partition, or
// of a table that inherits, is followed from when the triggers were installed on it.
func TestPartition_others(t *testing.T) {
	t.Parallel()
	w := world.PartitionedWorld(t, timakgorm.Triggers, nil)
	conn := w.Session()
	followed := func(statements ...string) {
		t.Helper()
		for _, statement := range statements {
			w.Script(conn, statement)
			w.Drain()
			if w.WantDifferences(); t.Failed() {
				t.Fatalf("after %s", statement)
			}
		}
	}
	followed(`UPDATE plant.early SET "Sensor" = 5`, `INSERT INTO late_rest (id, "Sensor", created_at) VALUES (3, 5, '2026-01-01 00:50:00+00')`,
		`UPDATE "Late" SET "Sensor" = 6 WHERE id = 2`, `DELETE FROM late_rest WHERE id = 3`, `UPDATE plant."Readings" SET "Sensor" = 5`,
		`INSERT INTO plant."Readings" VALUES (4, 5, '2026-01-01 00:10:00+00'), (5, 5, '2026-01-01 00:51:00+00')`)
	w.WantIDs("sensor:5", "reading:5", "reading:2", "reading:4", "reading:1")
	followed(`TRUNCATE plant.early`)
	w.WantIDs("sensor:5", "reading:5", "reading:2")

	w.Script(conn, `CREATE TABLE late_two PARTITION OF "Late" FOR VALUES IN (20, 21)`)
	w.Must(w.Plugin.InstallTriggers(t.Context(), w.DB))
	followed(`INSERT INTO late_two VALUES (20, 5, '2026-01-01 00:52:00+00')`)
	w.WantIDs("sensor:5", "reading:20", "reading:5", "reading:2")
	followed(`TRUNCATE "Late"`)
	w.WantIDs("sensor:5")

	other, err := timakgorm.New(w.Timelines, &timakgorm.Options{Capture: timakgorm.Triggers})
	w.Must(err)
	w.Must(other.Register(timakgorm.Track[world.Reading](timakgorm.Rule{Key: "all"})))
	db := world.OpenDSN(t, "postgres", w.DSN, nil)
	w.Must(db.Use(other))
	w.Must(other.InstallTriggers(t.Context(), db)) // in the place of those with the other rules
	w.Script(conn, `INSERT INTO late_two VALUES (21, 5, '2026-01-01 00:53:00+00')`)
	w.Must(other.Drain(t.Context()))
	if got := w.IDs("all"); len(got) != 1 {
		t.Errorf("all: got %v, want the row that came by the name of a partition", got)
	}
	w.Must(other.DropTriggers(t.Context(), db))
	var left int
	w.Must(w.DB.Raw("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'timak%'").Scan(&left).Error)
	if left != 0 {
		t.Errorf("%d triggers are left", left)
	}
}

// TestPartition_heirs: the same for a table that inherits, with columns in another
// order and more of them.
func TestPartition_heirs(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres", Options: &timakgorm.Options{Capture: timakgorm.Triggers}})
	w.Must(w.DB.Exec(`CREATE TABLE heir (note text, title text, body text, id bigint PRIMARY KEY, published boolean) INHERITS (posts)`).Error)
	w.Must(w.Plugin.InstallTriggers(t.Context(), w.DB))
	w.Seed()
	w.Check()
	conn := w.Session()
	for _, statement := range []string{
		"INSERT INTO heir (id, author_id, title, published, created_at) VALUES (30, 1, 'an heir', true, '2026-01-01 00:08:00+00')",
		"UPDATE heir SET author_id = 2", "UPDATE heir SET note = 'n'", "UPDATE heir SET id = 31", "UPDATE posts SET title = 'all'",
		"DELETE FROM heir", "INSERT INTO heir (id, author_id, title, published, created_at) VALUES (32, 1, 'an heir', true, '2026-01-01 00:08:00+00')",
		"TRUNCATE heir", "TRUNCATE posts",
	} {
		w.Script(conn, statement)
		if w.Check(); t.Failed() {
			t.Fatalf("after %s", statement)
		}
		w.WantDifferences()
	}
}

// TestPartitionNamed: a write that names a partition, at whatever depth, is
// refused, and one that names a table which only looks like it is not.
func TestPartitionNamed(t *testing.T) {
	t.Parallel()
	world.ByBoth(t, func(t *testing.T, by timakgorm.Capture) {
		w := world.PartitionedWorld(t, by, nil)
		values := map[string]any{"Sensor": 9}
		refused := map[string]error{
			"update":        w.DB.Table("plant.early").Where("true").Updates(values).Error,
			"of a model":    w.DB.Model(&world.Reading{}).Table("Late").Where("true").Updates(values).Error,
			"by an alias":   w.DB.Table("plant.early AS e").Where("true").Updates(values).Error,
			"create":        w.DB.Table("late_rest").Create(map[string]any{"id": 3, "Sensor": 9, "created_at": world.At(41)}).Error,
			"delete":        w.DB.Table("late_rest").Where("true").Delete(&world.Reading{}).Error,
			"raw":           w.DB.Exec(`UPDATE plant.early SET "Sensor" = 9`).Error,
			"raw, folded":   w.DB.Exec(`WITH x AS (SELECT 1) UPDATE Plant.EARLY e SET "Sensor" = 9`).Error,
			"raw, quoted":   w.DB.Exec(`UPDATE ONLY "Late" SET "Sensor" = 9`).Error,
			"raw truncate":  w.DB.Exec(`TRUNCATE elsewhere, plant.early`).Error,
			"raw returning": w.DB.Raw(`DELETE FROM late_rest RETURNING id`).Scan(&[]int{}).Error,
			"raw rows":      w.DB.Raw(`DELETE FROM late_rest RETURNING id`).Find(&[]world.Reading{}).Error,
			"after DDL": errors.Join(
				w.DB.Exec(`INSERT INTO late_nine DEFAULT VALUES`).Error,
				w.DB.Exec(`CREATE TABLE late_nine PARTITION OF "Late" FOR VALUES IN (9)`).Error,
				w.DB.Exec(`INSERT INTO late_nine VALUES (9, 9, ?)`, world.At(50)).Error,
			),
		}
		for name, err := range refused {
			if !errors.Is(err, timakgorm.ErrUncaptured) || !strings.Contains(err.Error(), "a part or a view of plant.Readings: name that") {
				t.Errorf("%s: got %v, want ErrUncaptured that says which table to name", name, err)
			}
		}
		w.Must(w.DB.Table("early").Create(map[string]any{"id": 1}).Error)
		w.Must(w.DB.Exec("UPDATE early SET id = 2").Error)
		w.Must(w.DB.Table("elsewhere_rest").Create(map[string]any{"id": 1}).Error)
		w.WantIDs("sensor:9")
		w.WantDifferences()
	})
}

// TestPartitionFollowed: a partition may be named where the rows are, too.
func TestPartitionFollowed(t *testing.T) {
	t.Parallel()
	w := world.PartitionedWorld(t, timakgorm.Callbacks, nil)
	w.Must(timakgorm.Exec(w.DB, timakgorm.Rows(&world.Reading{}, "id = 1"), `UPDATE plant.early SET "Sensor" = 9`))
	w.WantIDs("sensor:9", "reading:1")
	w.Must(timakgorm.Follow(w.DB, func(tx *gorm.DB) error {
		return tx.Table("Late").Where("true").Updates(map[string]any{"Sensor": 8}).Error
	}, timakgorm.Rows(&world.Reading{}, "true")))
	w.WantIDs("sensor:8", "reading:2")
	w.Must(timakgorm.Exec(w.DB, timakgorm.Rows(&world.Reading{}, "true"), `TRUNCATE plant.early`))
	w.WantIDs("sensor:9")
	w.Must(timakgorm.Unwatched(w.DB).Exec(`UPDATE "Late" SET "Sensor" = 7`).Error)
	w.Must(timakgorm.Touch(w.DB, &world.Reading{}, "true"))
	w.WantIDs("sensor:7", "reading:2")
}

// TestPartitionNamed_warned: raw SQL passes where Options.RawSQL says so.
func TestPartitionNamed_warned(t *testing.T) {
	t.Parallel()
	world.ByBoth(t, func(t *testing.T, by timakgorm.Capture) {
		var log strings.Builder
		w := world.PartitionedWorld(t, by, &timakgorm.Options{RawSQL: timakgorm.WarnRaw, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		w.Must(w.DB.Exec(`UPDATE plant.early SET "Sensor" = 9`).Error)
		if !strings.Contains(log.String(), "table=plant.Readings part=plant.early") {
			t.Errorf("got the log %q", log.String())
		}
	})
}

// TestInheritingNamed: the same for a table that inherits from the tracked one.
func TestInheritingNamed(t *testing.T) {
	t.Parallel()
	world.ByBoth(t, func(t *testing.T, by timakgorm.Capture) {
		w := world.NewBy(t, by, world.Setup{Dialect: "postgres"})
		w.Seed()
		w.Must(w.DB.Exec("CREATE TABLE old_posts (reason text) INHERITS (posts)").Error)
		_, err := w.Stranger().ExecContext(t.Context(), "INSERT INTO old_posts (id, author_id, published, created_at) VALUES (70, 1, true, now())")
		w.Must(err)
		w.Must(w.DB.Model(&world.Post{ID: 70}).Update("author_id", 2).Error) // through the parent
		w.Check()
		if err := w.DB.Table("old_posts").Where("id = 70").Updates(map[string]any{"author_id": 3}).Error; !errors.Is(err, timakgorm.ErrUncaptured) {
			t.Errorf("got %v, want ErrUncaptured", err)
		}
		w.Check()
	})
}

// TestPartition_code: the name of a partition in code is that of the partition.
func TestPartition_code(t *testing.T) {
	t.Parallel()
	w := world.PartitionedWorld(t, timakgorm.Callbacks, nil)
	for _, sql := range []string{
		`DO $$ BEGIN DELETE FROM plant.early; END $$`,
		`DO 'BEGIN DELETE FROM plant.early; END'`,
		`DO E'BEGIN DELETE FROM l\x61te_rest; END'`,
		`DO $$ BEGIN EXECUTE 'DELETE FROM late_rest'; END $$`,
		`DO $$ BEGIN EXECUTE format('DELETE FROM %I', 'late_rest'); END $$`,
	} {
		if err := w.DB.Exec(sql).Error; !errors.Is(err, timakgorm.ErrUncaptured) {
			t.Errorf("%s: got %v, want ErrUncaptured", sql, err)
		}
	}
	w.Must(w.DB.Exec(`DO $$ BEGIN PERFORM 'DELETE FROM late_rest'; DELETE FROM elsewhere_rest; END $$`).Error)
	w.WantDifferences()
}
