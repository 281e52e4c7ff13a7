package timaktest

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
)

// Timelines are those of a test. Use makes them. Its methods may be called from any number
// of goroutines, except those that may end the test.
type Timelines struct {
	Plugin *timakgorm.Plugin
	Engine *timak.Timelines
	Store  *Store

	db *gorm.DB
}

// Use registers models with a new plugin, creates timak's own tables in db, or empties those
// that an earlier test has left, and puts the plugin to use there. So db must be for tests
// alone. The tables of the models must exist; models are given as to Plugin.Register. opts
// may be nil. The plugin's log goes to that of the test. With Options.Capture Triggers the
// triggers are installed too. What fails ends the test.
//
// A *gorm.DB takes one plugin. Tests that share a database open one each, on a common pool,
// and run one after another: see the package documentation.
func Use(t testing.TB, db *gorm.DB, opts *timakgorm.Options, models ...any) *Timelines {
	t.Helper()
	if opts == nil {
		opts = &timakgorm.Options{}
	}
	with := *opts
	if with.Logger == nil {
		with.Logger = logOf(t)
	}
	store := NewStore()
	t.Cleanup(func() { _ = store.Close() })
	engine := timak.New(store, &timak.Options{Logger: with.Logger})
	plugin, err := timakgorm.New(engine, &with)
	must(t, err)
	must(t, plugin.Register(models...))
	mustBeNew(t, db, plugin)
	must(t, timakgorm.Migrate(t.Context(), db))
	must(t, empty(db))
	must(t, db.Use(plugin))
	if with.Capture == timakgorm.Triggers {
		must(t, plugin.InstallTriggers(t.Context(), db))
	}
	return &Timelines{Plugin: plugin, Engine: engine, Store: store, db: db}
}

// mustBeNew ends the test if a plugin is in use in db.
func mustBeNew(t testing.TB, db *gorm.DB, plugin *timakgorm.Plugin) {
	t.Helper()
	if _, used := db.Plugins[plugin.Name()]; used {
		t.Fatal("timaktest: Use: this *gorm.DB has a plugin of timak's already, and takes no other: expected one that the test has opened. " +
			"It may share the pool: gorm.Open(postgres.New(postgres.Config{Conn: pool})), or gorm.Open(sqlite.Dialector{Conn: pool})")
	}
}

// empty deletes what an earlier test has left in timak's own tables: its changes are not
// those of this test, and its store is gone.
func empty(db *gorm.DB) error {
	for _, table := range []string{"timak_outbox", "timak_dead", "timak_marks"} {
		if err := db.Exec("DELETE FROM " + table).Error; err != nil {
			return err
		}
	}
	return nil
}

// Relay applies everything that is committed to the timelines. The test ends if that fails,
// or if there is a change that can never be applied.
func (l *Timelines) Relay(t testing.TB) {
	t.Helper()
	if err := l.TryRelay(t.Context()); err != nil {
		t.Fatalf("timaktest: %v", err)
	}
	letters, err := l.Plugin.DeadLetters(t.Context(), timakgorm.DeadLetterQuery{})
	must(t, err)
	for _, letter := range letters {
		t.Errorf("timaktest: a change of %s %s can never be applied: %s", letter.Table, letter.PK, letter.Error)
	}
	if len(letters) > 0 {
		t.FailNow()
	}
}

// TryRelay applies what it can of what is committed. It returns the error of a Store that
// has failed the same timeline twice; what is left waits for the next call.
func (l *Timelines) TryRelay(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer l.Store.watch(stop)()
	err := l.Plugin.Drain(ctx)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}

// IDs returns the ids of the items under key, in order, as Plugin.Page shows them.
func (l *Timelines) IDs(t testing.TB, key string) []string {
	t.Helper()
	var ids []string
	query := timak.Query{Limit: timak.MaxLimit}
	for {
		page, err := l.Plugin.Page(t.Context(), key, query)
		must(t, err)
		for _, item := range page.Items {
			ids = append(ids, item.ID)
		}
		if !page.More {
			return ids
		}
		query.Cursor = page.Next
	}
}

// RequireOn ends the test unless an item is on the timeline under key. It is that of a row,
// given as a pointer to it, by a rule without id=; or the one with an id, given as a string.
// Call Relay before.
func (l *Timelines) RequireOn(t testing.TB, key string, row any) {
	t.Helper()
	if id, ids := l.idOf(t, row), l.IDs(t, key); !slices.Contains(ids, id) {
		t.Fatalf("timaktest: %s is not on %s, which has %s%s", id, key, listed(ids), l.waiting(t))
	}
}

// RequireNotOn ends the test if an item is on the timeline under key. It is given as to
// RequireOn.
func (l *Timelines) RequireNotOn(t testing.TB, key string, row any) {
	t.Helper()
	if id, ids := l.idOf(t, row), l.IDs(t, key); slices.Contains(ids, id) {
		t.Fatalf("timaktest: %s is on %s, which has %s%s", id, key, listed(ids), l.waiting(t))
	}
}

func (l *Timelines) idOf(t testing.TB, row any) string {
	t.Helper()
	if id, is := row.(string); is {
		return id
	}
	id, err := timakgorm.ItemID(l.db, row)
	must(t, err)
	return id
}

// waiting says what to do if changes wait, or none have come.
func (l *Timelines) waiting(t testing.TB) string {
	t.Helper()
	stats, err := l.Plugin.Stats(t.Context())
	must(t, err)
	switch {
	case stats.Waiting > 0:
		return "; changes wait to be applied: call Relay first"
	case stats.Applied == 0:
		return "; nothing was ever relayed: a write counts when its transaction has been committed, by the *gorm.DB that Use was given"
	}
	return ""
}

func listed(ids []string) string {
	if len(ids) == 0 {
		return "no items"
	}
	return strings.Join(ids, ", ")
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// logOf returns a log that goes to that of the test, and nowhere when the test has ended.
func logOf(t testing.TB) *slog.Logger {
	t.Helper()
	out := &output{to: t.Output()}
	t.Cleanup(out.end)
	return slog.New(slog.NewTextHandler(out, nil))
}

// output is the output of a test, to which nothing may be written after its end.
type output struct {
	mu sync.Mutex
	to io.Writer
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.to.Write(p)
}

func (o *output) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.to = io.Discard
}
