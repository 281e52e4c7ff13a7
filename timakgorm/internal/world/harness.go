package world

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

	"github.com/timak-go/timak/internal/eachstore"
	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/pgtest"
	"github.com/timak-go/timak/timakgorm"
)

// Author writes posts.
type Author struct {
	ID    uint
	Name  string
	Posts []Post
}

// Post is what most tests are about: a key that moves, a date that changes, a condition,
// a soft delete.
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

// Dialects are the databases that tests run on.
var Dialects = []string{"postgres", "sqlite"}

// OnBoth runs a test on every database.
func OnBoth(t *testing.T, test func(t *testing.T, dialect string)) {
	for _, dialect := range Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			test(t, dialect)
		})
	}
}

// SQLiteDSN opens a file as an application should, with more patience. SQLite
// gives its write lock to whoever asks at the right moment, not to whoever has
// waited longest: on a busy machine, one of 32 writers waited 10 s in vain.
func SQLiteDSN(path string) string {
	return path + "?_pragma=busy_timeout(60000)&_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)&_txlock=immediate"
}

// OpenDB opens a new, empty database.
func OpenDB(t testing.TB, dialect string, config *gorm.Config) *gorm.DB {
	t.Helper()
	return OpenDSN(t, dialect, NewDSN(t, dialect), config)
}

// NewDSN names a new, empty database.
func NewDSN(t testing.TB, dialect string) string {
	t.Helper()
	if dialect == "postgres" {
		return pgtest.DSN(t)
	}
	return SQLiteDSN(filepath.Join(t.TempDir(), "test.db"))
}

// Dialector opens a database by its DSN.
func Dialector(dialect, dsn string) gorm.Dialector {
	if dialect == "postgres" {
		return postgres.Open(dsn)
	}
	return sqlite.Open(dsn)
}

// OpenDSN opens a database.
func OpenDSN(t testing.TB, dialect, dsn string, config *gorm.Config) *gorm.DB {
	t.Helper()
	if config == nil {
		config = &gorm.Config{}
	}
	config.Logger = logger.Discard
	config.DisableForeignKeyConstraintWhenMigrating = true
	db, err := gorm.Open(Dialector(dialect, dsn), config)
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

// World is a database with models whose timelines are kept in a store.
type World struct {
	testing.TB

	ctx context.Context // nil: of the test

	Dialect   string
	DSN       string
	DB        *gorm.DB
	Plugin    *timakgorm.Plugin
	Timelines *timak.Timelines
	Compared  []TrackedTable // to compare with; defaults to posts
	Store     *KeyedStore    // if it knows its keys

	tracked []any
}

// Setup is what a world is made of; the zero setup tracks Author and Post.
type Setup struct {
	Dialect string
	DSN     string // defaults to a new database
	Config  *gorm.Config
	Options *timakgorm.Options
	Kind    string         // of store, as eachstore names it; defaults to memstore
	Store   driver.Store   // defaults to a new one of that kind
	Engine  *timak.Options // defaults to none
	Models  []any          // to migrate; defaults to Author and Post
	Tracked []any          // to register; defaults to Post
}

// New returns a world that is set up, with timak's tables and the plugin in use.
func New(t testing.TB, s Setup) *World {
	t.Helper()
	if s.DSN == "" {
		s.DSN = NewDSN(t, s.Dialect)
	}
	if s.Models == nil {
		s.Models = []any{&Author{}, &Post{}}
	}
	if s.Tracked == nil {
		s.Tracked = []any{&Post{}}
	}
	if s.Kind == "" {
		s.Kind = "memstore"
	}
	if s.Store == nil {
		s.Store = eachstore.Opener(t, s.Kind)()
	}
	if s.Options == nil {
		s.Options = &timakgorm.Options{}
	}
	if s.Options.Logger == nil {
		s.Options.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if s.Engine == nil {
		s.Engine = &timak.Options{}
	}
	s.Engine.Logger = s.Options.Logger
	w := &World{TB: t, Dialect: s.Dialect, DSN: s.DSN, Timelines: timak.New(s.Store, s.Engine), tracked: s.Tracked}
	w.DB = OpenDSN(t, s.Dialect, s.DSN, s.Config)
	w.Must(w.DB.AutoMigrate(s.Models...))
	w.Must(timakgorm.Migrate(t.Context(), w.DB))
	plugin, err := timakgorm.New(w.Timelines, s.Options)
	w.Must(err)
	w.Must(plugin.Register(s.Tracked...))
	w.Must(w.DB.Use(plugin))
	w.Plugin = plugin
	return w
}

// Context returns the context of what the world does: that of the test, unless Within
// has set another.
func (w *World) Context() context.Context {
	if w.ctx != nil {
		return w.ctx
	}
	return w.TB.Context()
}

// Within sets the context of what the world does.
func (w *World) Within(ctx context.Context) { w.ctx = ctx }

// Another opens the same database and timelines once more, as a second process
// would.
func (w *World) Another(options *timakgorm.Options) *World {
	w.Helper()
	other := &World{TB: w.TB, Dialect: w.Dialect, DSN: w.DSN, Timelines: w.Timelines, tracked: w.tracked}
	other.DB = OpenDSN(w.TB, w.Dialect, w.DSN, nil)
	other.Use(options)
	return other
}

// Use installs a plugin that tracks the world's models; posts, if it has none.
func (w *World) Use(options *timakgorm.Options) {
	w.Helper()
	if options == nil {
		options = &timakgorm.Options{}
	}
	options.Logger = slog.New(slog.DiscardHandler)
	plugin, err := timakgorm.New(w.Timelines, options)
	w.Must(err)
	if w.tracked == nil {
		w.tracked = []any{&Post{}}
	}
	w.Must(plugin.Register(w.tracked...))
	w.Must(w.DB.Use(plugin))
	w.Plugin = plugin
}

// Must fails the test if there is an error.
func (w *World) Must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// Drain applies all that is committed.
func (w *World) Drain() {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), time.Minute)
	defer cancel()
	w.Must(w.Plugin.Drain(ctx))
}

// IDs returns what a timeline shows.
func (w *World) IDs(key string) []string {
	w.Helper()
	timeline, err := w.Timelines.Get(w.Context(), key)
	w.Must(err)
	return timeline.IDs()
}

// WantIDs drains and compares a timeline.
func (w *World) WantIDs(key string, want ...string) {
	w.Helper()
	w.Drain()
	if got := w.IDs(key); !slices.Equal(got, want) {
		w.Errorf("timeline %q: got %v, want %v", key, got, want)
	}
}

// Outbox returns how many changes wait.
func (w *World) Outbox() int64 { return w.Count("timak_outbox") }

// ClockSetBack leaves the database as if its clock had been set back since it drew
// a version.
func (w *World) ClockSetBack(since int64) {
	w.Helper()
	statement := "UPDATE timak_clock SET high = ?"
	if w.Dialect == "postgres" {
		statement = "SELECT setval('timak_versions', ?)"
	}
	w.Must(w.DB.Exec(statement, since).Error)
}

// Dead returns how many changes are dead letters.
func (w *World) Dead() int64 { return w.Count("timak_dead") }

// Count returns how many rows a table has.
func (w *World) Count(table string) int64 {
	w.Helper()
	var n int64
	w.Must(w.DB.Table(table).Count(&n).Error)
	return n
}

// Check drains and compares every timeline with the tables: each row that should
// be on one is, once, in its place, with its data, and no other.
func (w *World) Check() {
	w.Helper()
	for _, difference := range w.Differences(w.DB) {
		w.Error(difference)
	}
}

// Differences drains and returns what check complains of. The tables are read
// through db.
func (w *World) Differences(db *gorm.DB) (out []string) {
	w.Helper()
	if w.Plugin != nil {
		w.Drain()
		var dead int64
		w.Must(db.Table("timak_dead").Count(&dead).Error)
		if dead > 0 {
			out = append(out, fmt.Sprintf("%d dead letters", dead))
		}
	}
	tables := w.Compared
	if tables == nil {
		tables = []TrackedTable{PostTable}
	}
	want, err := Wanted(db, tables)
	w.Must(err)
	for _, key := range w.keys(want) {
		timeline, err := w.Timelines.Get(w.Context(), key)
		w.Must(err)
		var got, expected []string
		for _, item := range timeline.Items() {
			got = append(got, describe(item.ID, item.At, string(item.Data)))
		}
		for _, s := range want[key] {
			expected = append(expected, describe(s.ID, s.At, s.Data))
		}
		if diff := cmp.Diff(expected, got); diff != "" {
			out = append(out, fmt.Sprintf("timeline %q (-table +timeline):\n%s", key, diff))
		}
	}
	return out
}

// keys returns the keys that timelines are or should be under.
func (w *World) keys(want map[string][]Shown) []string {
	keys := slices.Collect(maps.Keys(want))
	if w.Store == nil {
		keys = append(keys, w.PostKeys()...)
	} else {
		w.Store.Mu.Lock()
		defer w.Store.Mu.Unlock()
		keys = slices.AppendSeq(keys, maps.Keys(w.Store.Keys))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// PostKeys returns the keys that posts of the tests can be under.
func (w *World) PostKeys() []string {
	keys := []string{"site:posts"}
	for author := range 120 {
		keys = append(keys, timakgorm.Key("author:{}:posts", author))
	}
	return keys
}

func describe(id string, at time.Time, data string) string {
	return fmt.Sprintf("%s %s %s", id, at.UTC().Truncate(time.Microsecond).Format(time.RFC3339Nano), data)
}
