package hooks_test

import (
	"errors"
	"testing"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestCommentInValue: a comment in a value of the user's hides no more of an update
// than their own.
func TestCommentInValue(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect})
		w.Seed()
		moved := func(value string) error {
			return w.DB.Model(&world.Post{}).Where("id = 10").UpdateColumn("body", gorm.Expr(value)).Error
		}
		w.Must(moved("'a', author_id = 2 --"))
		w.Check()
		w.Must(moved("'b', author_id = 1 /* back */"))
		w.Check()
		if err := moved("'c', author_id = 2 /*"); !errors.Is(err, timakgorm.ErrUncaptured) {
			t.Errorf("a comment without an end: got %v, want ErrUncaptured", err)
		}
		w.Check()
	})
}

// TestNames_raw: SQL of the user's own may write another table by the name of a
// tracked one, where nothing in it can change what the name means.
func TestNames_raw(t *testing.T) {
	t.Parallel()
	w := world.PermitWorld(t, timakgorm.Callbacks, nil)
	if _, err := w.Stranger().ExecContext(t.Context(), "CREATE VIEW acme.all_permits AS SELECT * FROM public.permits"); err != nil {
		t.Fatal(err)
	}
	run := func(path, sql string) error {
		return world.Undone(w.DB, func(tx *gorm.DB) error {
			return world.FirstError(world.Stray(tx, path), func() error { return tx.Exec(sql).Error })
		})
	}
	for _, one := range []struct{ path, sql string }{
		{"public", "UPDATE acme.permits SET hall_id = 9"},
		{"acme", "UPDATE permits SET hall_id = 9"},
		{"acme, public", "DELETE FROM permits"},
		{"public", "UPDATE acme.permits SET hall_id = 9; UPDATE twin.permits SET hall_id = 9"},
	} {
		if err := run(one.path, one.sql); err != nil {
			t.Errorf("%s on %s: %v", one.sql, one.path, err)
		}
	}
	for _, one := range []struct{ path, sql string }{
		{"acme", "UPDATE public.permits SET hall_id = 9"},
		{"acme", "SELECT go_to('public'); UPDATE permits SET hall_id = 9"},
		{"acme", "SET search_path = public; UPDATE permits SET hall_id = 9"},
		{"acme", "UPDATE all_permits SET hall_id = 9"},
		{"public", "UPDATE acme.permits SET hall_id = 9; UPDATE permits SET hall_id = 9"},
		{"public", "ALTER TABLE acme.permits RENAME TO old; CREATE VIEW acme.permits AS SELECT * FROM public.permits; UPDATE acme.permits SET hall_id = 9"},
	} {
		if err := run(one.path, one.sql); !errors.Is(err, timakgorm.ErrUncaptured) {
			t.Errorf("%s on %s: got %v, want ErrUncaptured", one.sql, one.path, err)
		}
	}
	w.WantDifferences()
}
