package world

import (
	"testing"
	"time"

	"github.com/timak-go/timak/timakgorm"
)

// Reading is a row of a partitioned table in a schema of its own, some of whose
// names need quotes.
type Reading struct {
	ID        uint
	SensorID  uint `gorm:"column:Sensor"`
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=sensor:{SensorID}; id=reading:{ID}"`
}

// TableName implements schema.Tabler.
func (Reading) TableName() string { return "plant.Readings" }

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

// PartitionedWorld tracks readings, whose table is partitioned.
func PartitionedWorld(t *testing.T, by timakgorm.Capture, options *timakgorm.Options) *World {
	dsn := NewDSN(t, "postgres")
	for _, statement := range partitioned {
		if err := OpenDSN(t, "postgres", dsn, nil).Exec(statement).Error; err != nil {
			t.Fatal(err)
		}
	}
	if options == nil {
		options = &timakgorm.Options{}
	}
	w := NewBy(t, by, Setup{Dialect: "postgres", DSN: dsn, Models: []any{}, Tracked: []any{&Reading{}}, Options: options})
	w.Must(w.DB.Create(&[]Reading{{ID: 1, SensorID: 1, CreatedAt: At(1)}, {ID: 2, SensorID: 1, CreatedAt: At(40)}}).Error)
	w.WantIDs("sensor:1", "reading:2", "reading:1")
	return w
}
