package endtoend_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// oddName is a row whose table and columns have names that need quotes, one of
// them generated.
type oddName struct {
	ID        uint      `gorm:"column:ID"`
	AuthorID  uint      `gorm:"column:Author Id"`
	Title     string    `gorm:"column:Ti\"tle"`
	Loud      string    `gorm:"column:LOUD;->"`
	CreatedAt time.Time `gorm:"column:select"`

	_ timakgorm.Timeline `timak:"key=author:{AuthorID}; data=Title,Loud; id=odd:{ID}"`
}

func (oddName) TableName() string { return `Odd "Name` }

// TestOddNames: names in capitals, with spaces, quotes and keywords.
func TestOddNames(t *testing.T) {
	t.Parallel()
	world.ByBoth(t, func(t *testing.T, by timakgorm.Capture) {
		dsn := world.NewDSN(t, "postgres")
		w := world.OpenDSN(t, "postgres", dsn, nil)
		if err := w.Exec(`CREATE TABLE "Odd ""Name" ("ID" bigserial PRIMARY KEY, "Author Id" bigint, "Ti""tle" text,
			"LOUD" text GENERATED ALWAYS AS (upper("Ti""tle")) STORED, "select" timestamptz)`).Error; err != nil {
			t.Fatal(err)
		}
		odd := world.NewBy(t, by, world.Setup{Dialect: "postgres", DSN: dsn, Models: []any{}, Tracked: []any{&oddName{}}})
		want := func(author int, data string) {
			t.Helper()
			odd.Drain()
			timeline, err := odd.Timelines.Get(t.Context(), fmt.Sprint("author:", author))
			odd.Must(err)
			if items := timeline.Items(); len(items) != 1 || string(items[0].Data) != data {
				t.Errorf("author %d: got %v, want an item with %s", author, items, data)
			}
			odd.WantDifferences()
		}
		odd.Must(odd.DB.Create(&oddName{ID: 1, AuthorID: 1, Title: "x", CreatedAt: world.At(1)}).Error)
		want(1, `{"Ti\"tle":"x","LOUD":"X"}`)
		odd.Must(odd.DB.Model(&oddName{ID: 1}).Update(`Ti"tle`, "y").Error)
		want(1, `{"Ti\"tle":"y","LOUD":"Y"}`)
		err := odd.DB.Exec(`UPDATE "Odd ""Name" SET "Ti""tle" = 'z', "Author Id" = 2`).Error
		if by == timakgorm.Callbacks {
			if !errors.Is(err, timakgorm.ErrUncaptured) {
				t.Errorf("got %v, want ErrUncaptured", err)
			}
			return
		}
		want(2, `{"Ti\"tle":"z","LOUD":"Z"}`)
		odd.Must(odd.DB.Exec(`TRUNCATE "Odd ""Name"`).Error)
		odd.WantIDs("author:2")
	})
}

// TestTriggers_copy: rows that pgx copies, as loaders do.
func TestTriggers_copy(t *testing.T) {
	t.Parallel()
	w := world.TriggerWorld(t, world.Setup{Dialect: "postgres"})
	conn, err := pgx.Connect(t.Context(), w.DSN)
	w.Must(err)
	defer func() { w.Must(conn.Close(t.Context())) }()
	rows := make([][]any, 100)
	for i := range rows {
		rows[i] = []any{int64(i + 1), int64(i % 3), fmt.Sprint("copied ", i), i%2 == 0, world.At(i)}
	}
	n, err := conn.CopyFrom(t.Context(), pgx.Identifier{"posts"}, []string{"id", "author_id", "title", "published", "created_at"}, pgx.CopyFromRows(rows))
	if w.Must(err); n != 100 {
		t.Errorf("%d rows copied", n)
	}
	w.Check()
	w.WantDifferences()
}

// TestDDL: what changes rows without a trigger or callback is told to the log,
// and Rebuild follows.
func TestDDL(t *testing.T) {
	t.Parallel()
	world.ByBoth(t, func(t *testing.T, by timakgorm.Capture) {
		var log strings.Builder
		w := world.PartitionedWorld(t, by, &timakgorm.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		warned := func(times int, statements ...string) {
			t.Helper()
			for _, statement := range statements {
				log.Reset()
				w.Must(w.DB.Exec(statement).Error)
				if got := strings.Count(log.String(), "table=plant.Readings"); got != times {
					t.Errorf("%s: got %d warnings, want %d: %s", statement, got, times, log.String())
				}
			}
		}
		warned(0, `ALTER TABLE plant."Readings" ADD COLUMN note text`, `CREATE INDEX i ON plant."Readings" USING hash ("Sensor")`, `DROP TABLE elsewhere_rest`)
		warned(1, `ALTER TABLE IF EXISTS plant."Readings" ALTER "Sensor" TYPE bigint USING 2`)
		rebuild := func(want ...string) {
			t.Helper()
			_, err := w.Plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{Keys: []string{"sensor:1", "sensor:2"}})
			w.Must(err)
			w.WantIDs("sensor:1")
			w.WantIDs("sensor:2", want...)
			w.WantDifferences()
		}
		rebuild("reading:2", "reading:1")
		warned(1, `ALTER TABLE plant."Readings" DETACH PARTITION plant.early`)
		rebuild("reading:2")
		warned(1, `DROP TABLE IF EXISTS elsewhere, "Late"`)
		rebuild()
		warned(0, `DROP TABLE plant.early`)
	})
}
