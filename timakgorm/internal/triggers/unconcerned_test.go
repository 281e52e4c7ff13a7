package triggers_test

import (
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestTriggers_unconcerned: SQLite compiles the triggers of a statement anew each
// time, so it must not meet any in an update of columns that no rule names.
func TestTriggers_unconcerned(t *testing.T) {
	t.Parallel()
	w := world.TriggerWorld(t, world.Setup{Dialect: "sqlite"})
	for statement, want := range map[string]bool{
		"UPDATE posts SET body = 'x', updated_at = 1 WHERE id = 1": false,
		"UPDATE posts SET TITLE = 'x' WHERE id = 1":                true,
		"UPDATE posts SET (body, Author_ID) = (1, 2)":              true,
		"UPDATE posts SET deleted_at = 1 WHERE id = 1":             true,
		"UPDATE posts SET rowid = 2 WHERE id = 1":                  true,
	} {
		var steps []struct{ Opcode string }
		w.Must(w.DB.Raw("EXPLAIN " + statement).Scan(&steps).Error)
		programs := 0
		for _, step := range steps {
			if step.Opcode == "Program" {
				programs++
			}
		}
		if programs > 0 != want {
			t.Errorf("%s: it calls %d triggers, want any: %t", statement, programs, want)
		}
	}
}

// Shout has a column that the database computes, which its model does not say.
type Shout struct {
	ID        uint
	Text      string
	Loud      string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=shouts:{Loud}"`
}

// Cry is a Shout whose model says it.
type Cry struct {
	ID        uint
	Text      string
	Loud      string `gorm:"->"`
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=shouts:{Loud}"`
}

func (Cry) TableName() string { return "shouts" }

const shouts = "CREATE TABLE shouts (id integer PRIMARY KEY, text text, %s, created_at datetime)"

// TestTriggers_generated: a generated column changes with others, so its field must
// be read-only, or the triggers would miss updates.
func TestTriggers_generated(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"STORED", "VIRTUAL"} {
		dsn := world.NewDSN(t, "sqlite")
		db := world.OpenDSN(t, "sqlite", dsn, nil)
		computed := strings.Replace(shouts, "%s", "LOUD text GENERATED ALWAYS AS (upper(text)) "+kind, 1)
		if err := db.Exec(strings.Replace(shouts, "%s", "loud text", 1)).Error; err != nil {
			t.Fatal(err)
		}
		w := world.TriggerWorld(t, world.Setup{Dialect: "sqlite", DSN: dsn, Models: []any{}, Tracked: []any{&Shout{}}})
		refused := func(err error) {
			t.Helper()
			if err == nil || !strings.Contains(err.Error(), `field Loud: column "LOUD" is generated: expected the field to be read-only`) {
				t.Errorf("got %v, want an error that says which column is generated, and what is expected", err)
			}
		}
		w.Must(w.DB.Exec("DROP TABLE shouts").Error)
		w.Must(w.DB.Exec(computed).Error)
		refused(w.Plugin.InstallTriggers(t.Context(), w.DB))
		refused(w.DB.Select("Text", "CreatedAt").Create(&Shout{Text: "a"}).Error)

		w = world.TriggerWorld(t, world.Setup{Dialect: "sqlite", DSN: dsn, Models: []any{}, Tracked: []any{&Cry{}}})
		w.Must(w.DB.Create(&Cry{ID: 1, Text: "a", CreatedAt: world.At(1)}).Error)
		w.WantIDs("shouts:A", "shouts:1")
		w.Must(w.DB.Exec("UPDATE shouts SET text = 'b'").Error)
		w.WantIDs("shouts:A")
		w.WantIDs("shouts:B", "shouts:1")
	}
}

// TestTriggers_twice: one statement changes a row several times, or several do within
// a millisecond, and the changes are relayed one by one.
func TestTriggers_twice(t *testing.T) {
	t.Parallel()
	const row = "(30, %d, 'x', 1, '2026-01-01 00:08:00+00:00')"
	one := strings.Replace(row, "(30, %d", "(10, 9", 1)
	three := strings.Join([]string{strings.Replace(row, "%d", "1", 1), strings.Replace(row, "%d", "2", 1), strings.Replace(row, "%d", "3", 1)}, ", ")
	for name, sql := range map[string]string{
		"upsert":            "INSERT INTO posts (id, author_id, title, published, created_at) VALUES " + three + " ON CONFLICT (id) DO UPDATE SET author_id = excluded.author_id",
		"replace":           "REPLACE INTO posts (id, author_id, title, published, created_at) VALUES " + three,
		"update or replace": "UPDATE OR REPLACE posts SET id = id + 1 WHERE id IN (10, 11)",
		"within a millisecond": "INSERT OR IGNORE INTO posts (id, author_id, title, published, created_at) VALUES " + one + "; UPDATE posts SET author_id = 7 WHERE id = 10; " +
			"REPLACE INTO posts (id, author_id, title, published, created_at) VALUES " + one,
	} {
		eachDraw(t, name, []any{&world.Post{}}, func(t *testing.T, s world.Setup) {
			s.Options = &timakgorm.Options{Batch: 1}
			s.Models = append(s.Models, &world.Author{})
			w := world.TriggerWorld(t, s)
			w.Seed()
			w.Check()
			_, err := w.Stranger().ExecContext(t.Context(), sql)
			w.Must(err)
			w.Check()
		})
	}
}
