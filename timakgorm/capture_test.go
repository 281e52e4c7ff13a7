package timakgorm_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timakgorm"
)

// seed is what many tests start from: five posts of two authors, one of them a
// draft, one deleted.
func (w *world) seed() {
	w.Helper()
	w.must(w.db.Create(&[]Author{{ID: 1, Name: "ann"}, {ID: 2, Name: "bob"}}).Error)
	posts := make([]Post, 5)
	for i := range posts {
		posts[i] = Post{ID: uint(i + 10), AuthorID: uint(i%2 + 1), Title: fmt.Sprint("t", i), Published: i != 3, CreatedAt: at(i)}
	}
	w.must(w.db.Create(&posts).Error)
	w.must(w.db.Delete(&posts[4]).Error)
	if w.db.Name() == "postgres" {
		w.must(w.db.Exec("SELECT setval('posts_id_seq', 100), setval('authors_id_seq', 100)").Error)
	}
}

func at(i int) time.Time { return time.Date(2026, 1, 1, 0, i, 0, 0, time.UTC) }

// mode is a way to run an operation.
type mode struct {
	name   string
	config gorm.Config
	run    func(db *gorm.DB, op func(*gorm.DB) error) error
}

func plainly(db *gorm.DB, op func(*gorm.DB) error) error { return op(db) }

func inTransaction(db *gorm.DB, op func(*gorm.DB) error) error { return db.Transaction(op) }

func nested(db *gorm.DB, op func(*gorm.DB) error) error {
	return db.Transaction(func(tx *gorm.DB) error { return tx.Transaction(op) })
}

var modes = []mode{
	{"default", gorm.Config{}, plainly},
	{"explicit", gorm.Config{}, inTransaction},
	{"nested", gorm.Config{}, nested},
	{"prepared", gorm.Config{PrepareStmt: true}, plainly},
	{"prepared explicit", gorm.Config{PrepareStmt: true}, inTransaction},
	{"no default transaction", gorm.Config{SkipDefaultTransaction: true}, plainly},
}

// inside reports whether run opens a transaction.
func (m mode) inside() bool { return strings.Contains(m.name, "explicit") || m.name == "nested" }

// way is a way to learn of changes.
type way struct {
	name    string
	prepare func(l *lab) error // the database, once
	install func(w *world, options *timakgorm.Options) error
}

var (
	byHooks     = way{name: "naive hooks", install: installNaive}
	byCallbacks = way{name: "Callbacks", install: installPlugin}
	byTriggers  = way{name: "Triggers", prepare: installTriggers, install: installTriggered}
)

// installPlugin installs a plugin that tracks all tables of a world.
func installPlugin(w *world, options *timakgorm.Options) error {
	plugin, err := trackingPlugin(w, options)
	if err != nil {
		return err
	}
	w.plugin = plugin
	return w.db.Use(plugin)
}

func trackingPlugin(w *world, options *timakgorm.Options) (*timakgorm.Plugin, error) {
	plugin, err := timakgorm.New(w.timelines, options)
	if err != nil {
		return nil, err
	}
	for _, t := range w.compared {
		if err := plugin.Register(t.model); err != nil {
			return nil, err
		}
	}
	return plugin, nil
}

func installTriggered(w *world, options *timakgorm.Options) error {
	options.Capture = timakgorm.Triggers
	return installPlugin(w, options)
}

// installTriggers puts the triggers into the database, as a migration does.
func installTriggers(l *lab) error {
	plugin, err := trackingPlugin(&world{compared: trackedTables, timelines: timak.New(memstore.New(), nil)}, &timakgorm.Options{Capture: timakgorm.Triggers})
	if err != nil {
		return err
	}
	return plugin.InstallTriggers(l.Context(), l.plain)
}

// TestCapture: timelines follow in whatever kind of transaction. The default one
// is TestCaptureTable's.
func TestCapture(t *testing.T) {
	t.Parallel()
	for _, m := range modes[1:] {
		for _, by := range []way{byCallbacks, byTriggers} {
			if by.name == byTriggers.name && m.name != "explicit" {
				continue // triggers do not see GORM
			}
			t.Run(m.name+"/"+by.name, func(t *testing.T) {
				onBoth(t, func(t *testing.T, dialect string) { captureIn(t, m, by, dialect) })
			})
		}
	}
}

func captureIn(t *testing.T, m mode, by way, dialect string) {
	l := newLab(t, dialect, by)
	for _, about := range themes {
		if !about.on(dialect) || m.inside() && about.alone || m.name != "explicit" && !about.always {
			continue
		}
		about.operations = some(about.operations)
		l.tryAll(m, about, func(op operation, got finding) {
			if !by.allows(about, got.verdict) {
				t.Errorf("%s: %s: %s\n%s", about.name, op.name, got.verdict, got.why)
			}
		})
	}
}

// some returns one in eight operations under the race detector, which makes
// SQLite's Go code ten times slower; otherwise all. make check runs them all
// without it, too.
func some(all []operation) (out []operation) {
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
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, setup{dialect: dialect})
		w.seed()
		w.drain()
		tried := 0
		for _, about := range themes {
			for _, op := range about.operations {
				if !idle[op.name] {
					continue
				}
				tried++
				w.must(op.run(w.db))
				if n := w.outbox(); n != 0 {
					t.Errorf("%s: %d rows in the outbox, want none", op.name, n)
				}
			}
		}
		if tried != len(idle) {
			t.Errorf("%d operations tried, want %d", tried, len(idle))
		}
	})
}

func (w *world) posts() string {
	w.Helper()
	var posts []Post
	w.must(w.db.Unscoped().Order("id").Find(&posts).Error)
	return fmt.Sprint(posts)
}

// reset empties the tables, through the plugin.
func (w *world) reset() {
	w.Helper()
	all := w.db.Session(&gorm.Session{AllowGlobalUpdate: true})
	w.must(all.Unscoped().Delete(&Post{}).Error)
	w.must(all.Delete(&Author{}).Error)
	w.drain()
}
