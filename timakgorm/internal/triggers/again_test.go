package triggers_test

import (
	"fmt"
	"testing"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestTriggers_again: statements within a millisecond find each other's notes of replaced
// rows. A note does not outlive what it tells of, also when that has left the outbox.
func TestTriggers_again(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]string{
		"replace": "REPLACE INTO posts (id, author_id, title, published, created_at) VALUES (10, %d, 'x', 1, '2026-01-01 00:08:00+00:00')",
		"upsert": "INSERT INTO posts (id, author_id, title, published, created_at) VALUES (10, %d, 'x', 1, '2026-01-01 00:08:00+00:00')" +
			" ON CONFLICT (id) DO UPDATE SET author_id = excluded.author_id",
	} {
		w := world.TriggerWorld(t, world.Setup{Dialect: "sqlite", Options: &timakgorm.Options{Deliver: timakgorm.OnCommit}})
		w.Seed()
		w.Check()
		for round := range 60 { // it went wrong within 14
			for n := range 3 {
				sql := write
				if n == 2 { // what follows an upsert
					sql = "REPLACE INTO posts (id, author_id, title, published, created_at) VALUES (10, %d, 'x', 1, '2026-01-01 00:08:00+00:00')"
				}
				w.Must(w.DB.Exec(fmt.Sprintf(sql, 100+3*round+n)).Error)
			}
			for n := range 2 {
				if key := fmt.Sprintf("author:%d:posts", 100+3*round+n); len(w.IDs(key)) > 0 {
					t.Fatalf("%s, round %d: %v is still on %s", name, round, w.IDs(key), key)
				}
			}
		}
	}
}

// TestTriggers_script: the script replaces triggers that other rules of the tables have
// needed.
func TestTriggers_script(t *testing.T) {
	t.Parallel()
	w := world.TriggerWorld(t, world.Setup{
		Dialect: "sqlite", Models: []any{&world.Author{}, &world.Post{}, &world.Slot{}}, Tracked: []any{&world.Post{}, &world.Slot{}},
	})
	other := &world.World{TB: t, Dialect: "sqlite", DSN: w.DSN, DB: world.OpenDSN(t, "sqlite", w.DSN, nil), Timelines: w.Timelines}
	other.Use(&timakgorm.Options{Capture: timakgorm.Triggers}) // tracks posts alone
	script, err := other.Plugin.TriggerSQL("sqlite")
	w.Must(err)
	_, err = w.Stranger().ExecContext(t.Context(), script)
	w.Must(err)
	w.Must(other.DB.Create(&world.Post{ID: 3, CreatedAt: world.At(1)}).Error)
}
