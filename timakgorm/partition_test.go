package timakgorm_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
)

// reading is a row of a partitioned table in a schema of its own, some of whose
// names need quotes.
type reading struct {
	ID        uint
	SensorID  uint `gorm:"column:Sensor"`
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=sensor:{SensorID}; id=reading:{ID}"`
}

func (reading) TableName() string { return "plant.Readings" }

var partitioned = []string{
	`CREATE SCHEMA plant`,
	`CREATE TABLE plant."Readings" (id bigint, "Sensor" bigint, created_at timestamptz) PARTITION BY RANGE (created_at)`,
	`CREATE TABLE plant.early PARTITION OF plant."Readings" FOR VALUES FROM (MINVALUE) TO ('2026-01-01 00:30:00+00')`,
	`CREATE TABLE "Late" PARTITION OF plant."Readings" FOR VALUES FROM ('2026-01-01 00:30:00+00') TO (MAXVALUE) PARTITION BY LIST (id)`,
	`CREATE TABLE late_rest PARTITION OF "Late" DEFAULT`,
	`CREATE TABLE early (id bigint, "Sensor" bigint, created_at timestamptz)`,
	`CREATE TABLE elsewhere (id bigint) PARTITION BY LIST (id)`,
	`CREATE TABLE elsewhere_rest PARTITION OF elsewhere DEFAULT`,
}

func partitionedWorld(t *testing.T, by timakgorm.Capture, options *timakgorm.Options) *world {
	dsn := newDSN(t, "postgres")
	for _, statement := range partitioned {
		if err := openDSN(t, "postgres", dsn, nil).Exec(statement).Error; err != nil {
			t.Fatal(err)
		}
	}
	if options == nil {
		options = &timakgorm.Options{}
	}
	w := worldBy(t, by, setup{dialect: "postgres", dsn: dsn, models: []any{}, tracked: []any{&reading{}}, options: options})
	w.must(w.db.Create(&[]reading{{ID: 1, SensorID: 1, CreatedAt: at(1)}, {ID: 2, SensorID: 1, CreatedAt: at(40)}}).Error)
	w.wantIDs("sensor:1", "reading:2", "reading:1")
	return w
}

// TestPartitioned: rows of a partitioned table are followed from one partition
// into another.
func TestPartitioned(t *testing.T) {
	t.Parallel()
	byBoth(t, func(t *testing.T, by timakgorm.Capture) {
		w := partitionedWorld(t, by, nil)
		w.must(w.db.Model(&reading{ID: 1}).Update("created_at", at(50)).Error)
		w.wantIDs("sensor:1", "reading:1", "reading:2")
		w.must(w.db.Save(&reading{ID: 2, SensorID: 2, CreatedAt: at(2)}).Error)
		w.wantIDs("sensor:2", "reading:2")
		w.must(w.db.Model(&reading{}).Where("true").Update("Sensor", 3).Error)
		w.wantIDs("sensor:3", "reading:1", "reading:2")
		w.must(w.db.Delete(&reading{ID: 1}).Error)
		w.wantIDs("sensor:3", "reading:2")
		if by == timakgorm.Triggers {
			stranger := w.stranger()
			for _, sql := range []string{`SET search_path = plant; UPDATE "Readings" SET "Sensor" = 4`, `TRUNCATE plant."Readings"`} {
				_, err := stranger.ExecContext(t.Context(), sql)
				w.must(err)
				w.drain()
				w.wantDifferences()
			}
		}
		w.wantDifferences()
	})
}

// TestPartition_others: what another program writes by the name of a partition, or
// of a table that inherits, is followed from when the triggers were installed on it.
func TestPartition_others(t *testing.T) {
	t.Parallel()
	w := partitionedWorld(t, timakgorm.Triggers, nil)
	conn := w.session()
	followed := func(statements ...string) {
		t.Helper()
		for _, statement := range statements {
			w.script(conn, statement)
			w.drain()
			if w.wantDifferences(); t.Failed() {
				t.Fatalf("after %s", statement)
			}
		}
	}
	followed(`UPDATE plant.early SET "Sensor" = 5`, `INSERT INTO late_rest (id, "Sensor", created_at) VALUES (3, 5, '2026-01-01 00:50:00+00')`,
		`UPDATE "Late" SET "Sensor" = 6 WHERE id = 2`, `DELETE FROM late_rest WHERE id = 3`, `UPDATE plant."Readings" SET "Sensor" = 5`,
		`INSERT INTO plant."Readings" VALUES (4, 5, '2026-01-01 00:10:00+00'), (5, 5, '2026-01-01 00:51:00+00')`)
	w.wantIDs("sensor:5", "reading:5", "reading:2", "reading:4", "reading:1")
	followed(`TRUNCATE plant.early`)
	w.wantIDs("sensor:5", "reading:5", "reading:2")

	w.script(conn, `CREATE TABLE late_two PARTITION OF "Late" FOR VALUES IN (20, 21)`)
	w.must(w.plugin.InstallTriggers(t.Context(), w.db))
	followed(`INSERT INTO late_two VALUES (20, 5, '2026-01-01 00:52:00+00')`)
	w.wantIDs("sensor:5", "reading:20", "reading:5", "reading:2")
	followed(`TRUNCATE "Late"`)
	w.wantIDs("sensor:5")

	other, err := timakgorm.New(w.timelines, &timakgorm.Options{Capture: timakgorm.Triggers})
	w.must(err)
	w.must(other.Register(timakgorm.Track[reading](timakgorm.Rule{Key: "all"})))
	db := openDSN(t, "postgres", w.dsn, nil)
	w.must(db.Use(other))
	w.must(other.InstallTriggers(t.Context(), db)) // in the place of those with the other rules
	w.script(conn, `INSERT INTO late_two VALUES (21, 5, '2026-01-01 00:53:00+00')`)
	w.must(other.Drain(t.Context()))
	if got := w.ids("all"); len(got) != 1 {
		t.Errorf("all: got %v, want the row that came by the name of a partition", got)
	}
	w.must(other.DropTriggers(t.Context(), db))
	var left int
	w.must(w.db.Raw("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'timak%'").Scan(&left).Error)
	if left != 0 {
		t.Errorf("%d triggers are left", left)
	}
}

// TestPartition_heirs: the same for a table that inherits, with columns in another
// order and more of them.
func TestPartition_heirs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{dialect: "postgres", options: &timakgorm.Options{Capture: timakgorm.Triggers}})
	w.must(w.db.Exec(`CREATE TABLE heir (note text, title text, body text, id bigint PRIMARY KEY, published boolean) INHERITS (posts)`).Error)
	w.must(w.plugin.InstallTriggers(t.Context(), w.db))
	w.seed()
	w.check()
	conn := w.session()
	for _, statement := range []string{
		"INSERT INTO heir (id, author_id, title, published, created_at) VALUES (30, 1, 'an heir', true, '2026-01-01 00:08:00+00')",
		"UPDATE heir SET author_id = 2", "UPDATE heir SET note = 'n'", "UPDATE heir SET id = 31", "UPDATE posts SET title = 'all'",
		"DELETE FROM heir", "INSERT INTO heir (id, author_id, title, published, created_at) VALUES (32, 1, 'an heir', true, '2026-01-01 00:08:00+00')",
		"TRUNCATE heir", "TRUNCATE posts",
	} {
		w.script(conn, statement)
		if w.check(); t.Failed() {
			t.Fatalf("after %s", statement)
		}
		w.wantDifferences()
	}
}

// TestPartitionNamed: a write that names a partition, at whatever depth, is
// refused, and one that names a table which only looks like it is not.
func TestPartitionNamed(t *testing.T) {
	t.Parallel()
	byBoth(t, func(t *testing.T, by timakgorm.Capture) {
		w := partitionedWorld(t, by, nil)
		values := map[string]any{"Sensor": 9}
		refused := map[string]error{
			"update":        w.db.Table("plant.early").Where("true").Updates(values).Error,
			"of a model":    w.db.Model(&reading{}).Table("Late").Where("true").Updates(values).Error,
			"by an alias":   w.db.Table("plant.early AS e").Where("true").Updates(values).Error,
			"create":        w.db.Table("late_rest").Create(map[string]any{"id": 3, "Sensor": 9, "created_at": at(41)}).Error,
			"delete":        w.db.Table("late_rest").Where("true").Delete(&reading{}).Error,
			"raw":           w.db.Exec(`UPDATE plant.early SET "Sensor" = 9`).Error,
			"raw, folded":   w.db.Exec(`WITH x AS (SELECT 1) UPDATE Plant.EARLY e SET "Sensor" = 9`).Error,
			"raw, quoted":   w.db.Exec(`UPDATE ONLY "Late" SET "Sensor" = 9`).Error,
			"raw truncate":  w.db.Exec(`TRUNCATE elsewhere, plant.early`).Error,
			"raw returning": w.db.Raw(`DELETE FROM late_rest RETURNING id`).Scan(&[]int{}).Error,
			"raw rows":      w.db.Raw(`DELETE FROM late_rest RETURNING id`).Find(&[]reading{}).Error,
			"after DDL": errors.Join(
				w.db.Exec(`INSERT INTO late_nine DEFAULT VALUES`).Error,
				w.db.Exec(`CREATE TABLE late_nine PARTITION OF "Late" FOR VALUES IN (9)`).Error,
				w.db.Exec(`INSERT INTO late_nine VALUES (9, 9, ?)`, at(50)).Error,
			),
		}
		for name, err := range refused {
			if !errors.Is(err, timakgorm.ErrUncaptured) || !strings.Contains(err.Error(), "a part or a view of plant.Readings: name that") {
				t.Errorf("%s: got %v, want ErrUncaptured that says which table to name", name, err)
			}
		}
		w.must(w.db.Table("early").Create(map[string]any{"id": 1}).Error)
		w.must(w.db.Exec("UPDATE early SET id = 2").Error)
		w.must(w.db.Table("elsewhere_rest").Create(map[string]any{"id": 1}).Error)
		w.wantIDs("sensor:9")
		w.wantDifferences()
	})
}

// TestPartitionFollowed: a partition may be named where the rows are, too.
func TestPartitionFollowed(t *testing.T) {
	t.Parallel()
	w := partitionedWorld(t, timakgorm.Callbacks, nil)
	w.must(timakgorm.Exec(w.db, timakgorm.Rows(&reading{}, "id = 1"), `UPDATE plant.early SET "Sensor" = 9`))
	w.wantIDs("sensor:9", "reading:1")
	w.must(timakgorm.Follow(w.db, func(tx *gorm.DB) error {
		return tx.Table("Late").Where("true").Updates(map[string]any{"Sensor": 8}).Error
	}, timakgorm.Rows(&reading{}, "true")))
	w.wantIDs("sensor:8", "reading:2")
	w.must(timakgorm.Exec(w.db, timakgorm.Rows(&reading{}, "true"), `TRUNCATE plant.early`))
	w.wantIDs("sensor:9")
	w.must(timakgorm.Unwatched(w.db).Exec(`UPDATE "Late" SET "Sensor" = 7`).Error)
	w.must(timakgorm.Touch(w.db, &reading{}, "true"))
	w.wantIDs("sensor:7", "reading:2")
}

// TestPartitionNamed_warned: raw SQL passes where Options.RawSQL says so.
func TestPartitionNamed_warned(t *testing.T) {
	t.Parallel()
	byBoth(t, func(t *testing.T, by timakgorm.Capture) {
		var log strings.Builder
		w := partitionedWorld(t, by, &timakgorm.Options{RawSQL: timakgorm.WarnRaw, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		w.must(w.db.Exec(`UPDATE plant.early SET "Sensor" = 9`).Error)
		if !strings.Contains(log.String(), "table=plant.Readings part=plant.early") {
			t.Errorf("got the log %q", log.String())
		}
	})
}

// TestInheritingNamed: the same for a table that inherits from the tracked one.
func TestInheritingNamed(t *testing.T) {
	t.Parallel()
	byBoth(t, func(t *testing.T, by timakgorm.Capture) {
		w := worldBy(t, by, setup{dialect: "postgres"})
		w.seed()
		w.must(w.db.Exec("CREATE TABLE old_posts (reason text) INHERITS (posts)").Error)
		_, err := w.stranger().ExecContext(t.Context(), "INSERT INTO old_posts (id, author_id, published, created_at) VALUES (70, 1, true, now())")
		w.must(err)
		w.must(w.db.Model(&Post{ID: 70}).Update("author_id", 2).Error) // through the parent
		w.check()
		if err := w.db.Table("old_posts").Where("id = 70").Updates(map[string]any{"author_id": 3}).Error; !errors.Is(err, timakgorm.ErrUncaptured) {
			t.Errorf("got %v, want ErrUncaptured", err)
		}
		w.check()
	})
}

// TestPartition_code: the name of a partition in code is that of the partition.
func TestPartition_code(t *testing.T) {
	t.Parallel()
	w := partitionedWorld(t, timakgorm.Callbacks, nil)
	for _, sql := range []string{
		`DO $$ BEGIN DELETE FROM plant.early; END $$`,
		`DO 'BEGIN DELETE FROM plant.early; END'`,
		`DO E'BEGIN DELETE FROM l\x61te_rest; END'`,
		`DO $$ BEGIN EXECUTE 'DELETE FROM late_rest'; END $$`,
		`DO $$ BEGIN EXECUTE format('DELETE FROM %I', 'late_rest'); END $$`,
	} {
		if err := w.db.Exec(sql).Error; !errors.Is(err, timakgorm.ErrUncaptured) {
			t.Errorf("%s: got %v, want ErrUncaptured", sql, err)
		}
	}
	w.must(w.db.Exec(`DO $$ BEGIN PERFORM 'DELETE FROM late_rest'; DELETE FROM elsewhere_rest; END $$`).Error)
	w.wantDifferences()
}
