package endtoend_test

import (
	"slices"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timak/pgtest"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// Article is the README's post as an application has it: with the indexes that
// gorm.Model and a foreign key come with.
type Article struct {
	ID        uint
	AuthorID  uint `gorm:"index"`
	Title     string
	Body      string
	Published bool
	CreatedAt time.Time
	UpdatedAt time.Time
	DeletedAt gorm.DeletedAt `gorm:"index"`

	_ timakgorm.Timeline `timak:"key=author:{AuthorID}:posts; when=Published; data=Title"`
	_ timakgorm.Timeline `timak:"key=site:posts; when=Published; max=500"`
}

func newArticles(n int) []Article {
	articles := make([]Article, n)
	for i := range articles {
		articles[i] = Article{AuthorID: uint(i%40 + 1), Title: "The title of a post", Body: "What it says.", Published: true, CreatedAt: world.At(i)}
	}
	return articles
}

// captureSteps are what BenchmarkCapture measures: one row, and ten thousand.
var captureSteps = []struct {
	name string
	made int // rows that are made before it
	run  func(db *gorm.DB, ids []uint, round int) error
}{
	{"create", 0, func(db *gorm.DB, _ []uint, _ int) error { return db.Create(&newArticles(1)[0]).Error }},
	{"key change", 1, func(db *gorm.DB, ids []uint, round int) error {
		return db.Model(&Article{ID: ids[0]}).Update("author_id", round%40+2).Error
	}},
	{"other change", 1, func(db *gorm.DB, ids []uint, _ int) error {
		return db.Model(&Article{ID: ids[0]}).Update("body", "another").Error
	}},
	{"delete", 1, func(db *gorm.DB, ids []uint, _ int) error { return db.Delete(&Article{ID: ids[0]}).Error }},
	{"create of 10000", 0, func(db *gorm.DB, _ []uint, _ int) error { return db.CreateInBatches(newArticles(10_000), 1000).Error }},
	{"key change of 10000", 10_000, func(db *gorm.DB, ids []uint, _ int) error {
		return db.Model(&Article{}).Where("id >= ?", ids[0]).Update("author_id", gorm.Expr("author_id + 1")).Error
	}},
	{"other change of 10000", 10_000, func(db *gorm.DB, ids []uint, _ int) error {
		return db.Model(&Article{}).Where("id >= ?", ids[0]).Update("body", "another").Error
	}},
	{"delete of 10000", 10_000, func(db *gorm.DB, ids []uint, _ int) error {
		return db.Where("id >= ?", ids[0]).Delete(&Article{}).Error
	}},
}

// benchDatabases are where it is measured. Postgres as it comes writes every
// commit to the disk; without that, what is left is the work. With a network, the round
// trips count.
var benchDatabases = []struct {
	name, dialect string
	dsn           func(b *testing.B) string
}{
	{"postgres", "postgres", durablePostgres},
	{"postgres with 1 ms of network", "postgres", func(b *testing.B) string { return world.NewNetwork(b, durablePostgres(b), time.Millisecond).DSN }},
	{"postgres without fsync", "postgres", func(b *testing.B) string { return world.NewDSN(b, "postgres") }},
	{"sqlite", "sqlite", func(b *testing.B) string { return world.NewDSN(b, "sqlite") }},
}

func durablePostgres(b *testing.B) string {
	server := pgtest.NewServer(b)
	w := &world.World{TB: b, DB: world.OpenDSN(b, "postgres", server.DSN("postgres"), nil)}
	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		w.Must(w.DB.Exec("ALTER SYSTEM SET " + setting + " = on").Error)
	}
	w.Must(server.Restart(b.Context()))
	return server.DSN("postgres")
}

// BenchmarkCapture measures each step without the plugin, with Callbacks and with
// Triggers, in turns, so that what else the machine does is met by all. It
// reports medians, and their ratios to the first.
func BenchmarkCapture(b *testing.B) {
	for _, database := range benchDatabases {
		for _, step := range captureSteps {
			b.Run(database.name+"/"+step.name, func(b *testing.B) {
				worlds := []*world.World{
					benchWorld(b, database.dialect, database.dsn(b), nil),
					benchWorld(b, database.dialect, database.dsn(b), &timakgorm.Options{}),
					benchWorld(b, database.dialect, database.dsn(b), &timakgorm.Options{Capture: timakgorm.Triggers}),
				}
				took := make([][]time.Duration, len(worlds))
				for round := 0; b.Loop(); round++ {
					for i := range worlds {
						n := (i + round) % len(worlds)
						took[n] = append(took[n], timed(worlds[n], step.made, func(db *gorm.DB, ids []uint) error { return step.run(db, ids, round) }))
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

// benchWorld opens a database with posts, and the plugin if there are options.
func benchWorld(b *testing.B, dialect, dsn string, options *timakgorm.Options) *world.World {
	if options == nil {
		w := &world.World{TB: b, Dialect: dialect, DB: world.OpenDSN(b, dialect, dsn, nil)}
		w.Must(w.DB.AutoMigrate(&Article{}))
		return w
	}
	w := world.New(b, world.Setup{Dialect: dialect, DSN: dsn, Options: options, Models: []any{&Article{}}, Tracked: []any{&Article{}}})
	if options.Capture == timakgorm.Triggers {
		w.Must(w.Plugin.InstallTriggers(b.Context(), w.DB))
	}
	return w
}

// timed returns how long a step takes, with some rows that it is about. What the
// steps leave behind is swept away from time to time.
func timed(w *world.World, made int, step func(db *gorm.DB, ids []uint) error) time.Duration {
	w.Helper()
	pool, err := w.DB.DB()
	w.Must(err)
	var ids []uint
	if made > 0 {
		articles := newArticles(made)
		w.Must(w.DB.CreateInBatches(articles, 1000).Error)
		for _, article := range articles {
			ids = append(ids, article.ID)
		}
	}
	if w.Plugin != nil { // as a relay would
		_, err := pool.ExecContext(w.Context(), "DELETE FROM timak_outbox")
		w.Must(err)
	}
	begin := time.Now()
	w.Must(step(w.DB, ids))
	took := time.Since(begin)
	if made > 1 {
		_, err := pool.ExecContext(w.Context(), "DELETE FROM articles")
		w.Must(err)
	}
	return took
}
