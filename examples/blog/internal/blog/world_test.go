package blog_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/glebarez/sqlite"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timak/pgtest"
)

// onEach runs a test on each database.
func onEach(t *testing.T, test func(t *testing.T, w world)) {
	t.Parallel()
	for name, dialector := range map[string]func(t *testing.T) gorm.Dialector{
		"SQLite": func(t *testing.T) gorm.Dialector {
			return sqlite.Open(filepath.Join(t.TempDir(), "blog.sqlite") + "?_pragma=busy_timeout(5000)&_txlock=immediate")
		},
		"Postgres": func(t *testing.T) gorm.Dialector { return postgres.Open(pgtest.DSN(t)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := world{t: t, dialector: dialector(t), timelines: timak.New(memstore.New(), nil)}
			w.db = w.connect()
			test(t, w)
		})
	}
}

// world is what a blog is kept in.
type world struct {
	t         *testing.T
	dialector gorm.Dialector
	db        *gorm.DB
	timelines *timak.Timelines
	now       time.Time // the clock; the zero time: the real one
}

// connect opens the database once more, as another program would.
func (w *world) connect() *gorm.DB {
	w.t.Helper()
	db, err := gorm.Open(w.dialector, &gorm.Config{TranslateError: true, Logger: logger.Discard, NowFunc: w.clock})
	if err != nil {
		w.t.Fatal(err)
	}
	pool, err := db.DB()
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = pool.Close() })
	return db
}

func (w *world) clock() time.Time {
	if w.now.IsZero() {
		return time.Now().UTC().Truncate(time.Microsecond)
	}
	return w.now
}

// open opens a blog, which delivers until the test ends.
func (w *world) open() *blog.Blog {
	w.t.Helper()
	b, err := blog.Open(w.t.Context(), w.connect(), w.timelines, slog.New(slog.DiscardHandler))
	if err != nil {
		w.t.Fatal(err)
	}
	relaying, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(relaying) }()
	w.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			w.t.Error(err)
		}
	})
	return b
}

// must returns a value, or panics with the error.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// site returns the posts of the site's first page, once all is delivered.
func site(t *testing.T, b *blog.Blog) []blog.Summary {
	t.Helper()
	if err := b.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	return must(b.Summaries(t.Context(), must(b.SitePage(t.Context(), timak.Query{}))))
}
