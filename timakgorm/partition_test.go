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
			if !errors.Is(err, timakgorm.ErrUncaptured) || !strings.Contains(err.Error(), "a part of plant.Readings: name that") {
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
