package endtoend_test

import (
	"strings"
	"testing"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// opens reports whether run opens a transaction.
func opens(m world.Mode) bool { return strings.Contains(m.Name, "explicit") || m.Name == "nested" }

// way is a way to learn of changes.
type way struct {
	name    string
	prepare func(l *lab) error // the database, once
	install func(w *world.World, options *timakgorm.Options) error
}

var (
	byHooks     = way{name: "naive hooks", install: installNaive}
	byCallbacks = way{name: "Callbacks", install: installPlugin}
	byTriggers  = way{name: "Triggers", prepare: installTriggers, install: installTriggered}
)

// installPlugin installs a plugin that tracks all tables of a world.
func installPlugin(w *world.World, options *timakgorm.Options) error {
	plugin, err := trackingPlugin(w, options)
	if err != nil {
		return err
	}
	w.Plugin = plugin
	return w.DB.Use(plugin)
}

func trackingPlugin(w *world.World, options *timakgorm.Options) (*timakgorm.Plugin, error) {
	plugin, err := timakgorm.New(w.Timelines, options)
	if err != nil {
		return nil, err
	}
	for _, t := range w.Compared {
		if err := plugin.Register(t.Model); err != nil {
			return nil, err
		}
	}
	return plugin, nil
}

func installTriggered(w *world.World, options *timakgorm.Options) error {
	options.Capture = timakgorm.Triggers
	return installPlugin(w, options)
}

// installTriggers puts the triggers into the database, as a migration does.
func installTriggers(l *lab) error {
	plugin, err := trackingPlugin(&world.World{Compared: trackedTables, Timelines: timak.New(memstore.New(), nil)}, &timakgorm.Options{Capture: timakgorm.Triggers})
	if err != nil {
		return err
	}
	return plugin.InstallTriggers(l.Context(), l.plain)
}

// TestCapture: timelines follow in whatever kind of transaction. The default one
// is TestCaptureTable's.
func TestCapture(t *testing.T) {
	t.Parallel()
	for _, m := range world.Modes[1:] {
		for _, by := range []way{byCallbacks, byTriggers} {
			if by.name == byTriggers.name && m.Name != "explicit" {
				continue // triggers do not see GORM
			}
			t.Run(m.Name+"/"+by.name, func(t *testing.T) {
				world.OnBoth(t, func(t *testing.T, dialect string) { captureIn(t, m, by, dialect) })
			})
		}
	}
}

func captureIn(t *testing.T, m world.Mode, by way, dialect string) {
	l := newLab(t, dialect, by)
	for _, about := range themes {
		if !about.on(dialect) || opens(m) && about.alone || m.Name != "explicit" && !about.always {
			continue
		}
		about.operations = some(about.operations)
		l.tryAll(m, about, func(op world.Operation, got finding) {
			if !by.allows(about, got.verdict) {
				t.Errorf("%s: %s: %s\n%s", about.name, op.Name, got.verdict, got.why)
			}
		})
	}
}

// some returns one in eight operations under the race detector, as it makes all
// slower; otherwise all. make capture, a part of make
// check, runs them all without it.
func some(all []world.Operation) (out []world.Operation) {
	for i, op := range all {
		if !underRace || i%8 == 0 {
			out = append(out, op)
		}
	}
	return out
}

// on reports whether a database has the theme's operations.
func (about theme) on(dialect string) bool { return about.only == "" || about.only == dialect }

// allows reports whether a verdict is as it must be.
func (by way) allows(about theme, got verdict) bool {
	switch {
	case by.name == byHooks.name:
		return true
	case by.name == byTriggers.name:
		return got == right
	case about.raw && about.rawSQL == timakgorm.WarnRaw:
		return got == warned
	case about.raw:
		return got == refused
	case about.cascade:
		return got == warned
	case about.unknowable != "":
		return got == right || got == refused
	case about.unseen != "":
		return true
	default:
		return got == right
	}
}

// TestUnchanged: a change that touches nothing a rule names does nothing.
func TestUnchanged(t *testing.T) {
	t.Parallel()
	idle := map[string]bool{
		"update nothing that a rule names": true, "update nobody": true, "upsert that does nothing": true,
		"dry run": true, "delete a soft-deleted post for good": true,
	}
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect})
		w.Seed()
		w.Drain()
		tried := 0
		for _, about := range themes {
			for _, op := range about.operations {
				if !idle[op.Name] {
					continue
				}
				tried++
				w.Must(op.Run(w.DB))
				if n := w.Outbox(); n != 0 {
					t.Errorf("%s: %d rows in the outbox, want none", op.Name, n)
				}
			}
		}
		if tried != len(idle) {
			t.Errorf("%d operations tried, want %d", tried, len(idle))
		}
	})
}
