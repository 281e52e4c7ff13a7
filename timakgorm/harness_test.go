package timakgorm_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/glebarez/sqlite"
	"github.com/google/go-cmp/cmp"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/pgtest"
)

// Author and Post are what most tests are about: a key that moves, a date that
// changes, a condition, a soft delete.
type Author struct {
	ID    uint
	Name  string
	Posts []Post
}

type Post struct {
	ID        uint
	AuthorID  uint
	Title     string
	Body      string
	Published bool
	CreatedAt time.Time
	UpdatedAt time.Time
	DeletedAt gorm.DeletedAt

	_ timakgorm.Timeline `timak:"key=author:{AuthorID}:posts; when=Published; data=Title"`
	_ timakgorm.Timeline `timak:"key=site:posts; when=Published; max=500"`
}

// dialects are the databases that tests run on.
var dialects = []string{"postgres", "sqlite"}

// onBoth runs a test on every database.
func onBoth(t *testing.T, test func(t *testing.T, dialect string)) {
	for _, dialect := range dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			test(t, dialect)
		})
	}
}

// sqliteDSN opens a file as an application should.
func sqliteDSN(path string) string {
	return path + "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)&_txlock=immediate"
}

// openDB opens a new, empty database.
func openDB(t testing.TB, dialect string, config *gorm.Config) *gorm.DB {
	t.Helper()
	return openDSN(t, dialect, newDSN(t, dialect), config)
}

// newDSN names a new, empty database.
func newDSN(t testing.TB, dialect string) string {
	t.Helper()
	if dialect == "postgres" {
		return pgtest.DSN(t)
	}
	return sqliteDSN(filepath.Join(t.TempDir(), "test.db"))
}

func dialector(dialect, dsn string) gorm.Dialector {
	if dialect == "postgres" {
		return postgres.Open(dsn)
	}
	return sqlite.Open(dsn)
}

// openDSN opens a database.
func openDSN(t testing.TB, dialect, dsn string, config *gorm.Config) *gorm.DB {
	t.Helper()
	if config == nil {
		config = &gorm.Config{}
	}
	config.Logger = logger.Discard
	config.DisableForeignKeyConstraintWhenMigrating = true
	db, err := gorm.Open(dialector(dialect, dsn), config)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = plain.Close() })
	return db
}

// world is a database with models whose timelines are kept in a store.
type world struct {
	testing.TB

	dialect   string
	dsn       string
	db        *gorm.DB
	plugin    *timakgorm.Plugin
	timelines *timak.Timelines
	compared  []trackedTable // to compare with; defaults to posts
	store     *keyedStore    // if it knows its keys
}

// setup is what a world is made of; the zero setup tracks Author and Post.
type setup struct {
	dialect string
	dsn     string // defaults to a new database
	config  *gorm.Config
	options *timakgorm.Options
	store   driver.Store   // defaults to a memstore
	engine  *timak.Options // defaults to none
	models  []any          // to migrate; defaults to Author and Post
	tracked []any          // to register; defaults to Post
}

func newWorld(t testing.TB, s setup) *world {
	t.Helper()
	if s.dsn == "" {
		s.dsn = newDSN(t, s.dialect)
	}
	if s.models == nil {
		s.models = []any{&Author{}, &Post{}}
	}
	if s.tracked == nil {
		s.tracked = []any{&Post{}}
	}
	if s.store == nil {
		s.store = memstore.New()
	}
	if s.options == nil {
		s.options = &timakgorm.Options{}
	}
	if s.options.Logger == nil {
		s.options.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if s.engine == nil {
		s.engine = &timak.Options{}
	}
	s.engine.Logger = s.options.Logger
	w := &world{TB: t, dialect: s.dialect, dsn: s.dsn, timelines: timak.New(s.store, s.engine)}
	w.db = openDSN(t, s.dialect, s.dsn, s.config)
	w.must(w.db.AutoMigrate(s.models...))
	w.must(timakgorm.Migrate(t.Context(), w.db))
	plugin, err := timakgorm.New(w.timelines, s.options)
	w.must(err)
	w.must(plugin.Register(s.tracked...))
	w.must(w.db.Use(plugin))
	w.plugin = plugin
	return w
}

// another opens the same database and timelines once more, as a second process
// would.
func (w *world) another(options *timakgorm.Options) *world {
	w.Helper()
	other := &world{TB: w.TB, dialect: w.dialect, dsn: w.dsn, timelines: w.timelines}
	other.db = openDSN(w.TB, w.dialect, w.dsn, nil)
	other.use(options)
	return other
}

// use installs a plugin that tracks posts.
func (w *world) use(options *timakgorm.Options) {
	w.Helper()
	if options == nil {
		options = &timakgorm.Options{}
	}
	options.Logger = slog.New(slog.DiscardHandler)
	plugin, err := timakgorm.New(w.timelines, options)
	w.must(err)
	w.must(plugin.Register(&Post{}))
	w.must(w.db.Use(plugin))
	w.plugin = plugin
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// drain applies all that is committed.
func (w *world) drain() {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), time.Minute)
	defer cancel()
	w.must(w.plugin.Drain(ctx))
}

// ids returns what a timeline shows.
func (w *world) ids(key string) []string {
	w.Helper()
	timeline, err := w.timelines.Get(w.Context(), key)
	w.must(err)
	return timeline.IDs()
}

// wantIDs drains and compares a timeline.
func (w *world) wantIDs(key string, want ...string) {
	w.Helper()
	w.drain()
	if got := w.ids(key); !slices.Equal(got, want) {
		w.Errorf("timeline %q: got %v, want %v", key, got, want)
	}
}

// outbox returns how many changes wait.
func (w *world) outbox() int64 { return w.count("timak_outbox") }

// clockSetBack leaves the database as if its clock had been set back since it drew
// a version.
func (w *world) clockSetBack(since int64) {
	w.Helper()
	statement := "UPDATE timak_clock SET high = ?"
	if w.dialect == "postgres" {
		statement = "SELECT setval('timak_versions', ?)"
	}
	w.must(w.db.Exec(statement, since).Error)
}

// dead returns how many changes are dead letters.
func (w *world) dead() int64 { return w.count("timak_dead") }

func (w *world) count(table string) int64 {
	w.Helper()
	var n int64
	w.must(w.db.Table(table).Count(&n).Error)
	return n
}

// check drains and compares every timeline with the tables: each row that should
// be on one is, once, in its place, with its data, and no other.
func (w *world) check() {
	w.Helper()
	for _, difference := range w.differences(w.db) {
		w.Error(difference)
	}
}

// differences drains and returns what check complains of. The tables are read
// through db.
func (w *world) differences(db *gorm.DB) (out []string) {
	w.Helper()
	if w.plugin != nil {
		w.drain()
		var dead int64
		w.must(db.Table("timak_dead").Count(&dead).Error)
		if dead > 0 {
			out = append(out, fmt.Sprintf("%d dead letters", dead))
		}
	}
	tables := w.compared
	if tables == nil {
		tables = []trackedTable{postTable}
	}
	want, err := wanted(db, tables)
	w.must(err)
	for _, key := range w.keys(want) {
		timeline, err := w.timelines.Get(w.Context(), key)
		w.must(err)
		var got, expected []string
		for _, item := range timeline.Items() {
			got = append(got, describe(item.ID, item.At, string(item.Data)))
		}
		for _, s := range want[key] {
			expected = append(expected, describe(s.id, s.at, s.data))
		}
		if diff := cmp.Diff(expected, got); diff != "" {
			out = append(out, fmt.Sprintf("timeline %q (-table +timeline):\n%s", key, diff))
		}
	}
	return out
}

// keys returns the keys that timelines are or should be under.
func (w *world) keys(want map[string][]shown) []string {
	keys := slices.Collect(maps.Keys(want))
	if w.store == nil {
		keys = append(keys, w.postKeys()...)
	} else {
		w.store.mu.Lock()
		defer w.store.mu.Unlock()
		keys = slices.AppendSeq(keys, maps.Keys(w.store.keys))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// postKeys returns the keys that posts of the tests can be under.
func (w *world) postKeys() []string {
	keys := []string{"site:posts"}
	for author := range 120 {
		keys = append(keys, timakgorm.Key("author:{}:posts", author))
	}
	return keys
}

func describe(id string, at time.Time, data string) string {
	return fmt.Sprintf("%s %s %s", id, at.UTC().Truncate(time.Microsecond).Format(time.RFC3339Nano), data)
}
