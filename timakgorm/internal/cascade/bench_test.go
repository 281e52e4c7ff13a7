package cascade_test

import (
	"slices"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// BenchmarkCascades measures deletes without the plugin, with Callbacks and with
// Triggers, in turns: of a row to which nothing tracked refers, of one to which
// nothing refers by now, and of one with twenty spots in two zones. It reports
// medians, and their ratios to the first.
func BenchmarkCascades(b *testing.B) {
	const far = `CREATE TABLE islands (id bigint PRIMARY KEY)`
	steps := []struct {
		name string
		make string
		run  func(db *gorm.DB) error
	}{
		{"another table", "INSERT INTO islands VALUES (1)", gone("islands", "id = 1")},
		{"a parent of none", "INSERT INTO realms (id) VALUES (9)", gone("realms", "id = 9")},
		{"a parent of twenty", `INSERT INTO realms (id) VALUES (9); INSERT INTO zones (id, realm_id) VALUES (90, 9), (91, 9);
			INSERT INTO spots (id, zone_id, realm_code, created_at) WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 119) SELECT i, 90 + i % 2, NULL, '2026-01-01' FROM n`, gone("realms", "id = 9")},
	}
	for _, dialect := range world.Dialects {
		for _, step := range steps {
			b.Run(dialect+"/"+step.name, func(b *testing.B) {
				var pools []*gorm.DB
				for _, options := range []*timakgorm.Options{nil, {}, {Capture: timakgorm.Triggers}} {
					pools = append(pools, benchAtlas(b, dialect, far, options))
				}
				took := make([][]time.Duration, len(pools))
				for round := 0; b.Loop(); round++ {
					for i := range pools {
						n := (i + round) % len(pools)
						took[n] = append(took[n], timedCascade(b, pools[n], step.make, step.run))
					}
				}
				var medians [3]float64
				for n := range took {
					slices.Sort(took[n])
					medians[n] = float64(took[n][len(took[n])/2].Microseconds())
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(medians[0], "µs/plain")
				b.ReportMetric(medians[1]/medians[0], "x-callbacks")
				b.ReportMetric(medians[2]/medians[0], "x-triggers")
			})
		}
	}
}

func benchAtlas(b *testing.B, dialect, more string, options *timakgorm.Options) *gorm.DB {
	b.Helper()
	dsn := world.NewDSN(b, dialect)
	if dialect == "sqlite" {
		dsn += world.Enforced
	}
	w := &world.World{TB: b, DB: world.OpenDSN(b, dialect, dsn, nil)}
	for _, statement := range []string{world.Atlas, more, "CREATE INDEX ON_ZONE ON spots (zone_id); CREATE INDEX ON_REALM ON zones (realm_id); CREATE INDEX ON_CODE ON spots (realm_code)"} {
		w.Must(w.DB.Exec(statement).Error)
	}
	if options == nil {
		return w.DB
	}
	w = world.New(b, world.Setup{Dialect: dialect, DSN: dsn, Options: options, Models: []any{}, Tracked: []any{&world.Spot{}, &world.Pin{}}})
	if options.Capture == timakgorm.Triggers {
		w.Must(w.Plugin.InstallTriggers(b.Context(), w.DB))
	}
	return w.DB
}

// timedCascade returns how long a delete takes, of rows that are made by other means.
func timedCascade(b *testing.B, db *gorm.DB, made string, run func(db *gorm.DB) error) time.Duration {
	b.Helper()
	if err := world.Outside(made)(db); err != nil {
		b.Fatal(err)
	}
	begin := time.Now()
	err := run(db)
	took := time.Since(begin)
	if err != nil {
		b.Fatal(err)
	}
	return took
}
