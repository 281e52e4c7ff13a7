package triggers_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// City is unique in three ways, none of which is a plain comparison of
// columns.
type City struct {
	ID        uint
	Name      string `gorm:"uniqueIndex:city_name,collate:nocase"`
	Code      string `gorm:"uniqueIndex:city_code,expression:lower(code)"`
	Zone      string `gorm:"uniqueIndex:city_zone"`
	Number    int    `gorm:"uniqueIndex:city_zone,expression:abs(number)"`
	Land      string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=land:{Land}"`
}

// Mark has a primary key in which letters of both cases are the same.
type Mark struct {
	Slug      string `gorm:"primaryKey;type:text COLLATE NOCASE"`
	Land      string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=marks:{Land}"`
}

const cityRows = "INTO cities (id, name, code, zone, number, land, created_at) VALUES "

// TestTriggers_replaced: a row that is in the way of another by whatever is
// unique about it.
func TestTriggers_replaced(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, sql string
		it, de    []string // what is left
	}{
		{"by a collation", "INSERT OR REPLACE " + cityRows + "(3, 'ROME', 'c', 'z', 1, 'de', '2026-01-01 00:03:00+00:00')", nil, []string{"cities:3", "cities:2"}},
		{"by an expression", "INSERT OR REPLACE " + cityRows + "(3, 'Paris', 'A', 'z', 1, 'de', '2026-01-01 00:03:00+00:00')", nil, []string{"cities:3", "cities:2"}},
		{"by a column and an expression", "INSERT OR REPLACE " + cityRows + "(3, 'Paris', 'c', 'x', -1, 'de', '2026-01-01 00:03:00+00:00')", nil, []string{"cities:3", "cities:2"}},
		{"two at once", "INSERT OR REPLACE " + cityRows + "(3, 'rome', 'B', 'z', 1, 'it', '2026-01-01 00:03:00+00:00')", []string{"cities:3"}, nil},
		{
			"by a row whose number is drawn", "INSERT OR REPLACE INTO cities (name, code, zone, number, land, created_at) VALUES ('rome', 'c', 'z', 1, 'it', '2026-01-01 00:03:00+00:00')",
			[]string{"cities:3"},
			[]string{"cities:2"},
		},
		{
			"by the next row", "INSERT OR REPLACE " + cityRows + "(3, 'Paris', 'c', 'z', 1, 'it', '2026-01-01 00:03:00+00:00'), (4, 'paris', 'd', 'z', 2, 'de', '2026-01-01 00:04:00+00:00')",
			[]string{"cities:1"},
			[]string{"cities:4", "cities:2"},
		},
		{"by an update over a collation", "UPDATE OR REPLACE cities SET name = 'rOME' WHERE id = 2", nil, []string{"cities:2"}},
		{"by an update over an expression", "UPDATE OR REPLACE cities SET code = 'A' WHERE id = 2", nil, []string{"cities:2"}},
		{"by an update of the key and an expression", "UPDATE OR REPLACE cities SET id = 9, code = 'A' WHERE id = 2", nil, []string{"cities:9"}},
		{"ignored", "INSERT OR IGNORE " + cityRows + "(3, 'ROME', 'c', 'z', 1, 'de', '2026-01-01 00:03:00+00:00')", []string{"cities:1"}, []string{"cities:2"}},
		{
			"ignored, and replaced later", "INSERT OR IGNORE " + cityRows + "(1, 'x', 'x', 'z', 1, 'de', '2026-01-01 00:03:00+00:00'); UPDATE cities SET land = 'fr' WHERE id = 1; " +
				"INSERT OR REPLACE " + cityRows + "(1, 'x', 'x', 'z', 1, 'de', '2026-01-01 00:03:00+00:00')",
			nil,
			[]string{"cities:1", "cities:2"},
		},
		{
			"put back by the user's trigger", "CREATE TRIGGER users AFTER INSERT ON cities WHEN new.id = 3 BEGIN INSERT " + cityRows +
				"(1, 'again', 'again', 'z', 7, 'de', new.created_at); END; INSERT OR REPLACE " + cityRows + "(3, 'rome', 'c', 'z', 1, 'it', '2026-01-01 00:03:00+00:00')",
			[]string{"cities:3"},
			[]string{"cities:1", "cities:2"},
		},
	} {
		eachDraw(t, test.name, []any{&City{}}, func(t *testing.T, s world.Setup) {
			w := world.TriggerWorld(t, s)
			w.Must(w.DB.Create(&[]City{
				{ID: 1, Name: "Rome", Code: "a", Zone: "x", Number: 1, Land: "it", CreatedAt: world.At(1)},
				{ID: 2, Name: "Bonn", Code: "b", Zone: "x", Number: 2, Land: "de", CreatedAt: world.At(2)},
			}).Error)
			w.WantIDs("land:it", "cities:1")
			_, err := w.Stranger().ExecContext(t.Context(), test.sql)
			w.Must(err)
			w.WantIDs("land:it", test.it...)
			w.WantIDs("land:de", test.de...)
			w.WantIDs("land:fr")
		})
	}
}

// eachDraw runs a test of SQLite's triggers as they are for some models, and as they
// are if the rows of another one may trade places.
func eachDraw(t *testing.T, name string, models []any, test func(t *testing.T, s world.Setup)) {
	t.Helper()
	for _, other := range [][]any{nil, {&world.Slot{}}} {
		all := slices.Concat(models, other)
		t.Run(fmt.Sprintf("%s, %d models", name, len(all)), func(t *testing.T) {
			t.Parallel()
			test(t, world.Setup{Dialect: "sqlite", Models: all, Tracked: all})
		})
	}
}

// TestTriggers_noScan: what is in the way of a row is looked up in an index, and
// so is what the table holds now.
func TestTriggers_noScan(t *testing.T) {
	t.Parallel()
	eachDraw(t, "", []any{&City{}, &Mark{}, &world.Listing{}, &world.Seat{}}, testNoScan)
}

func testNoScan(t *testing.T, s world.Setup) {
	t.Helper()
	w := world.TriggerWorld(t, s)
	for table, statements := range map[string][]string{
		"cities":   {"INSERT INTO cities (land) VALUES ('it')", "UPDATE cities SET id = 2, name = 'x', code = 'y', number = 3 WHERE id = 1"},
		"marks":    {"INSERT INTO marks (slug) VALUES ('a')", "UPDATE marks SET slug = 'b' WHERE slug = 'a'", "DELETE FROM marks WHERE slug = 'b'"},
		"listings": {"INSERT INTO listings (slug) VALUES ('a')", "UPDATE listings SET slug = 'b', region = 'c' WHERE id = 1"},
		"seats":    {"INSERT INTO seats (room_id, number) VALUES (1, 2)", "UPDATE seats SET room_id = 2 WHERE room_id = 1 AND number = 2"},
	} {
		for _, statement := range statements {
			if n := scans(w, table, statement); n > 0 {
				t.Errorf("%s: its triggers read all of the table %d times", statement, n)
			}
		}
	}
}

// scans returns how often a statement of SQLite and its triggers begin to read
// all of a table, or of an index of it.
func scans(w *world.World, table, statement string) (n int) {
	w.Helper()
	var pages []int
	w.Must(w.DB.Raw("SELECT rootpage FROM sqlite_master WHERE tbl_name = ? AND rootpage > 0", table).Scan(&pages).Error)
	var steps []struct {
		Addr   int
		Opcode string
		P1, P2 int
	}
	w.Must(w.DB.Raw("EXPLAIN " + statement).Scan(&steps).Error)
	var open map[int]int
	for _, step := range steps {
		switch {
		case step.Addr == 0: // of a trigger's program
			open = map[int]int{}
		case step.Opcode == "OpenRead" || step.Opcode == "OpenWrite":
			open[step.P1] = step.P2
		case step.Opcode == "Rewind" && slices.Contains(pages, open[step.P1]):
			n++
		}
	}
	return n
}

// TestTriggers_likeKeys: two primary keys that a table takes for the same are two
// to the timelines.
func TestTriggers_likeKeys(t *testing.T) {
	t.Parallel()
	w := world.TriggerWorld(t, world.Setup{Dialect: "sqlite", Models: []any{&Mark{}}, Tracked: []any{&Mark{}}})
	w.Must(w.DB.Create(&Mark{Slug: "ABC", Land: "it", CreatedAt: world.At(1)}).Error)
	w.WantIDs("marks:it", "marks:ABC")
	for _, write := range []struct{ sql, want string }{
		{"INSERT OR REPLACE INTO marks (slug, land, created_at) VALUES ('abc', 'it', '2026-01-01 00:08:00+00:00')", "marks:abc"},
		{"UPDATE marks SET slug = 'aBC' WHERE slug = 'ABC'", "marks:aBC"},
		{"INSERT INTO marks (slug, land) VALUES ('ABC', 'de') ON CONFLICT (slug) DO UPDATE SET created_at = '2026-01-01 00:09:00+00:00'", "marks:aBC"},
		{"UPDATE OR REPLACE marks SET slug = upper(slug)", "marks:ABC"},
	} {
		w.Must(w.DB.Exec(write.sql).Error)
		w.WantIDs("marks:it", write.want)
	}
	w.Must(w.DB.Exec("DELETE FROM marks").Error)
	w.WantIDs("marks:it")
}

// TestTriggers_oddIndex: a unique index of which it cannot be told when rows are in
// its way.
func TestTriggers_oddIndex(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{
		Dialect: "sqlite", Models: []any{}, Tracked: []any{&oddlyUnique{}}, Options: &timakgorm.Options{Capture: timakgorm.Callbacks},
	})
	err := w.Plugin.InstallTriggers(t.Context(), w.DB)
	if err == nil || !strings.Contains(err.Error(), "only_one") || !strings.Contains(err.Error(), "expected its expression") {
		t.Errorf("got %v, want an error that says which index, and what is expected of it", err)
	}
}

type oddlyUnique struct {
	Key       uint `gorm:"primaryKey;uniqueIndex:only_one,expression:1"`
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=odd"`
}

// TestTriggers_emptied: timak's own tables are emptied by somebody who empties
// all, as tests do.
func TestTriggers_emptied(t *testing.T) {
	t.Parallel()
	models := []any{&world.Author{}, &world.Post{}, &world.Slot{}}
	w := world.TriggerWorld(t, world.Setup{Dialect: "sqlite", Models: models, Tracked: models[1:]})
	w.Seed()
	stranger := w.Stranger()
	empty := func() {
		t.Helper()
		w.Check()
		for _, table := range []string{"timak_statement", "timak_replaced", "timak_clock", "timak_outbox"} {
			_, err := stranger.ExecContext(t.Context(), "DELETE FROM "+table)
			w.Must(err)
		}
	}
	for _, write := range sqlWrites {
		if write.dialect == "postgres" {
			continue
		}
		w.Reset()
		w.Seed()
		empty()
		_, err := stranger.ExecContext(t.Context(), write.sql)
		w.Must(err)
		if w.Check(); t.Failed() {
			t.Fatalf("after %s", write.sql)
		}
	}
	if n := w.Count("timak_clock"); n != 1 {
		t.Errorf("got %d rows in timak_clock after changes were relayed, want 1", n)
	}
}

// Happening and HappeningBefore are tables of whose names one begins with the
// other, and goes on with an event.
type (
	Happening struct {
		ID        uint
		CreatedAt time.Time

		_ timakgorm.Timeline `timak:"key=happenings"`
	}
	HappeningBefore struct {
		ID        uint
		CreatedAt time.Time

		_ timakgorm.Timeline `timak:"key=before"`
	}
)

func (Happening) TableName() string       { return "happenings" }
func (HappeningBefore) TableName() string { return "happenings_before" }

func TestTriggers_likeNames(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		models := []any{&Happening{}, &HappeningBefore{}}
		w := world.TriggerWorld(t, world.Setup{Dialect: dialect, Models: models, Tracked: models})
		w.Must(w.DB.Create(&Happening{ID: 1, CreatedAt: world.At(1)}).Error)
		w.Must(w.DB.Create(&HappeningBefore{ID: 2, CreatedAt: world.At(1)}).Error)
		w.WantIDs("happenings", "happenings:1")
		w.WantIDs("before", "happenings_before:2")
	})
}

// TestTriggers_otherNames: triggers that an older version gave other names make
// way for those of today.
func TestTriggers_otherNames(t *testing.T) {
	t.Parallel()
	w := world.TriggerWorld(t, world.Setup{Dialect: "sqlite"})
	w.Must(w.DB.Exec("CREATE TRIGGER timak_posts_insert AFTER INSERT ON posts BEGIN /* timak 0123456789abcdef: made from the rules; do not edit. */ " +
		"INSERT INTO timak_outbox (version, tbl, pk) VALUES (1, 'posts', '[1]'); END").Error)
	other := w.Another(&timakgorm.Options{Capture: timakgorm.Triggers})
	if err := other.DB.Create(&world.Post{}).Error; err == nil || !strings.Contains(err.Error(), "timak_posts_insert is outdated") {
		t.Errorf("got %v, want an error that says which trigger is outdated", err)
	}
	w.Must(other.Plugin.InstallTriggers(t.Context(), other.DB))
	w.Must(other.DB.Create(&world.Post{AuthorID: 1, Published: true}).Error)
	if n := w.Outbox(); n != 1 {
		t.Errorf("got %d rows in the outbox, want 1", n)
	}
}

// belongings returns what triggers have in a database of SQLite beside
// themselves.
func belongings(w *world.World) string {
	w.Helper()
	var names []string
	w.Must(w.DB.Raw("SELECT name FROM sqlite_master WHERE name IN ('timak_statement', 'timak_replaced', 'timak_outbox_row') ORDER BY name").Scan(&names).Error)
	return strings.Join(names, " ")
}

// TestTriggers_belongings: the tables and the index that triggers need come with
// them and go with them, and come again if a migration has taken them away.
func TestTriggers_belongings(t *testing.T) {
	t.Parallel()
	models := []any{&world.Author{}, &world.Post{}, &world.Slot{}}
	for all, tracked := range map[string][]any{"timak_replaced": models[1:2], "timak_outbox_row timak_replaced timak_statement": models[1:]} {
		w := world.New(t, world.Setup{Dialect: "sqlite", Options: &timakgorm.Options{Capture: timakgorm.Triggers}, Models: models, Tracked: tracked})
		want := func(want string) {
			t.Helper()
			if got := belongings(w); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		want("")
		w.Must(w.Plugin.InstallTriggers(t.Context(), w.DB))
		want(all)
		w.Must(timakgorm.MigrateDown(t.Context(), w.DB))
		want("")
		w.Must(timakgorm.Migrate(t.Context(), w.DB))
		w.Must(w.Plugin.InstallTriggers(t.Context(), w.DB))
		want(all)
		w.Seed()
		w.Check()
		w.Must(w.Plugin.DropTriggers(t.Context(), w.DB))
		want("")
	}
}

// TestTriggers_belongingsLeft: what no trigger needs any more goes when triggers are
// installed, and stays as long as one does.
func TestTriggers_belongingsLeft(t *testing.T) {
	t.Parallel()
	models := []any{&world.Author{}, &world.Post{}, &world.Slot{}}
	w := world.TriggerWorld(t, world.Setup{Dialect: "sqlite", Models: models, Tracked: models[1:]})
	other := world.World{TB: t, Dialect: "sqlite", DSN: w.DSN, DB: world.OpenDSN(t, "sqlite", w.DSN, nil), Timelines: w.Timelines}
	other.Use(&timakgorm.Options{Capture: timakgorm.Triggers}) // tracks posts alone
	other.Must(other.Plugin.InstallTriggers(t.Context(), other.DB))
	if got := belongings(w); got != "timak_outbox_row timak_replaced timak_statement" {
		t.Errorf("beside the triggers of slots: got %q", got)
	}
	w.Must(w.DB.Create(&world.Slot{ID: 1, Place: 1, CreatedAt: world.At(1)}).Error)
	other.Seed()
	other.Check()
	w.CheckSlots()
	other.Must(other.DB.Exec("DROP TABLE slots").Error)
	other.Must(other.Plugin.InstallTriggers(t.Context(), other.DB))
	if got := belongings(w); got != "timak_replaced" {
		t.Errorf("without slots: got %q", got)
	}
	other.Must(other.DB.Model(&world.Post{ID: 10}).Update("author_id", 2).Error)
	other.Check()
}
