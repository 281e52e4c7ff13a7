package timakgorm_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/migrations"
	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestUnmigrated: without timak's own tables, or with those of an earlier release that lack
// something, every call that needs them names Migrate.
func TestUnmigrated(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		steps, err := migrations.Steps(dialect)
		if err != nil {
			t.Fatal(err)
		}
		dsn := world.NewDSN(t, dialect)
		w, log := unmigrated(t, dialect, dsn)
		ctx, stop := context.WithTimeout(t.Context(), answerTime)
		defer stop()
		w.Must(w.Plugin.Run(ctx))
		for line := range strings.Lines(log.String()) {
			if !strings.Contains(line, "timakgorm.Migrate") {
				t.Errorf("Run logged %s", line)
			}
		}
		if !strings.Contains(log.String(), "changes could not be applied") {
			t.Errorf("Run logged %s", log)
		}
		for i, step := range steps {
			if i == 0 || i == len(steps)-1 {
				w, _ := unmigrated(t, dialect, dsn)
				wantMigrate(t, fmt.Sprintf("with %d steps", i), w)
			}
			w.Must(w.DB.Exec(step.Up).Error)
		}
		w, _ = unmigrated(t, dialect, dsn)
		for name, call := range callsOf(w) {
			if err := call(t.Context()); err != nil {
				t.Errorf("%s, with all steps: %v", name, err)
			}
		}
	})
}

// unmigrated opens a database that has posts, and timak's own tables only if they are there
// already. It returns what the plugin logs.
func unmigrated(t *testing.T, dialect, dsn string) (*world.World, *bytes.Buffer) {
	t.Helper()
	w := &world.World{TB: t, DB: world.OpenDSN(t, dialect, dsn, nil)}
	w.Must(w.DB.AutoMigrate(&world.Post{}))
	w.Must(w.DB.Create(&world.Post{AuthorID: 1, Published: true}).Error)
	log := &bytes.Buffer{}
	plugin, err := timakgorm.New(timak.New(memstore.New(), nil), &timakgorm.Options{Poll: time.Millisecond, Logger: slog.New(slog.NewTextHandler(log, nil))})
	w.Must(err)
	w.Must(plugin.Register(&world.Post{}))
	w.Must(w.DB.Use(plugin))
	w.Plugin = plugin
	return w, log
}

// answerTime is how long calls try again that do so until their context ends.
const answerTime = 300 * time.Millisecond

// callsOf returns what needs timak's own tables.
func callsOf(w *world.World) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Create": func(context.Context) error { return w.DB.Create(&world.Post{AuthorID: 1, Published: true}).Error },
		"Drain":  w.Plugin.Drain,
		"Stats":  func(ctx context.Context) error { _, err := w.Plugin.Stats(ctx); return err },
		"DeadLetters": func(ctx context.Context) error {
			_, err := w.Plugin.DeadLetters(ctx, timakgorm.DeadLetterQuery{})
			return err
		},
	}
}

// wantMigrate makes every call. Those that fail must say what to do, and one must.
func wantMigrate(t *testing.T, about string, w *world.World) {
	t.Helper()
	failed := 0
	for name, call := range callsOf(w) {
		ctx, stop := context.WithTimeout(t.Context(), answerTime)
		defer stop()
		err := call(ctx)
		if err == nil {
			continue
		}
		failed++
		if !strings.Contains(err.Error(), "timakgorm.Migrate") {
			t.Errorf("%s, %s: got %v, want an error that names timakgorm.Migrate", name, about, err)
		}
	}
	if failed == 0 {
		t.Errorf("%s: nothing failed", about)
	}
}
