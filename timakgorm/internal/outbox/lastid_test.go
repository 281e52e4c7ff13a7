package outbox_test

import (
	"testing"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestLastID: ids drawn later are greater, before the first and after the last has left, also
// for a role that may not read the sequence.
func TestLastID(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, name string) {
		w := world.New(t, world.Setup{Dialect: name})
		pool, err := w.DB.DB()
		w.Must(err)
		of := map[string]dialect.Dialect{"postgres": dialect.Postgres, "sqlite": dialect.SQLite}[name]
		o, err := outbox.Open(pool, &dialect.Tables{Dialect: of})
		w.Must(err)
		want := func(about string, want int64) {
			t.Helper()
			if got, err := o.LastID(t.Context()); err != nil || got != want {
				t.Errorf("%s: got %d, %v, want %d", about, got, err, want)
			}
		}
		want("before the first", 0)
		w.Must(w.DB.Create(&world.Post{AuthorID: 1, Published: true}).Error)
		want("after a change", 1)
		w.Drain()
		if name == "sqlite" {
			return
		}
		want("after it has left", 1)
		role := w.Role("SELECT")
		w.Must(w.DB.Exec("GRANT SELECT ON timak_outbox, timak_dead TO " + role).Error)
		w.Must(w.DB.Create(&world.Post{AuthorID: 1, Published: true}).Error)
		pool.SetMaxOpenConns(1)
		_, err = pool.ExecContext(t.Context(), "SET ROLE "+role)
		w.Must(err)
		want("of the changes that are there, for another role", 2)
		_, err = pool.ExecContext(t.Context(), "RESET ROLE")
		w.Must(err)
	})
}
