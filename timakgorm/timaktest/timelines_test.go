package timaktest_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/glebarez/sqlite"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/pgtest"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/timaktest"
)

type Post struct {
	ID        uint
	AuthorID  uint
	Published bool
	Pinned    bool
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=author:{AuthorID}:posts; when=Published"`
	_ timakgorm.Timeline `timak:"key=site:pinned; when=Pinned; id=pin:{ID}"`
}

// open opens an empty database with a table of posts.
func open(t testing.TB, dialect string) *gorm.DB {
	t.Helper()
	dialector := sqlite.Open(filepath.Join(t.TempDir(), "test.db") + "?_txlock=immediate&_pragma=busy_timeout(5000)")
	if dialect == "postgres" {
		dialector = postgres.Open(pgtest.DSN(t))
	}
	db, err := gorm.Open(dialector)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.AutoMigrate(&Post{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if plain, err := db.DB(); err == nil {
			_ = plain.Close()
		}
	})
	return db
}

// create creates a post.
func create(t testing.TB, db *gorm.DB, post Post) Post {
	t.Helper()
	if err := db.Create(&post).Error; err != nil {
		t.Fatal(err)
	}
	return post
}

func TestUse(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{"postgres", "sqlite"} {
		for _, capture := range []timakgorm.Capture{timakgorm.Callbacks, timakgorm.Triggers} {
			t.Run(fmt.Sprint(dialect, capture), func(t *testing.T) {
				t.Parallel()
				db := open(t, dialect)
				l := timaktest.Use(t, db, &timakgorm.Options{Capture: capture}, &Post{})
				one := create(t, db, Post{AuthorID: 7, Published: true})
				draft := create(t, db, Post{AuthorID: 7, Pinned: true})
				l.RequireNotOn(t, "author:7:posts", &one) // nobody has relayed
				l.Relay(t)
				l.RequireOn(t, "author:7:posts", &one)
				l.RequireOn(t, "author:7:posts", one)
				l.RequireNotOn(t, "author:7:posts", &draft)
				l.RequireOn(t, "site:pinned", fmt.Sprintf("pin:%d", draft.ID))
				if err := db.Delete(&one).Error; err != nil {
					t.Fatal(err)
				}
				l.Relay(t)
				l.RequireNotOn(t, "author:7:posts", &one)
			})
		}
	}
}

func TestUse_onCommit(t *testing.T) {
	t.Parallel()
	db := open(t, "sqlite")
	l := timaktest.Use(t, db, &timakgorm.Options{Deliver: timakgorm.OnCommit}, &Post{})
	one := create(t, db, Post{AuthorID: 7, Published: true})
	l.RequireOn(t, "author:7:posts", &one)
}

// TestIDs: all pages, in order.
func TestIDs(t *testing.T) {
	t.Parallel()
	db := open(t, "sqlite")
	l := timaktest.Use(t, db, nil, &Post{})
	posts := make([]Post, 250)
	var want []string
	for i := range posts {
		posts[i] = Post{ID: uint(i + 1), AuthorID: 7, Published: true, CreatedAt: time.Unix(int64(i), 0)}
		want = append([]string{fmt.Sprintf("posts:%d", i+1)}, want...)
	}
	if err := db.Create(&posts).Error; err != nil {
		t.Fatal(err)
	}
	l.Relay(t)
	if got := l.IDs(t, "author:7:posts"); !slices.Equal(got, want) {
		t.Errorf("got %d ids, %v", len(got), got)
	}
}

// ended is a test that is told to end.
type ended struct {
	testing.TB

	said string
}

func (e *ended) Helper() {}

func (e *ended) Fatal(args ...any) { e.end(fmt.Sprintln(args...)) }

func (e *ended) Fatalf(format string, args ...any) { e.end(fmt.Sprintf(format, args...)) }

func (e *ended) Errorf(format string, args ...any) { e.said += fmt.Sprintf(format, args...) }

func (e *ended) FailNow() { e.end("") }

func (e *ended) end(text string) {
	e.said += text
	panic(e)
}

// wantEnd checks that call ends a test with a message.
func wantEnd(t *testing.T, want string, call func(t testing.TB)) {
	t.Helper()
	e := &ended{TB: t}
	defer func() {
		t.Helper()
		if recover() != e {
			t.Errorf("the test goes on, want it to end with %q", want)
		} else if !strings.Contains(e.said, want) {
			t.Errorf("got %q, want %q", e.said, want)
		}
	}()
	call(e)
}

func TestRequire_ends(t *testing.T) {
	t.Parallel()
	db := open(t, "sqlite")
	l := timaktest.Use(t, db, nil, &Post{})
	one := create(t, db, Post{AuthorID: 7, Published: true})
	const key = "author:7:posts"
	wantEnd(t, "timaktest: posts:1 is not on author:7:posts, which has no items; changes wait to be applied: call Relay first",
		func(t testing.TB) { l.RequireOn(t, key, &one) })
	l.Relay(t)
	wantEnd(t, "timaktest: posts:1 is on author:7:posts, which has posts:1", func(t testing.TB) { l.RequireNotOn(t, key, &one) })
	wantEnd(t, "timaktest: pin:1 is not on author:7:posts, which has posts:1", func(t testing.TB) { l.RequireOn(t, key, "pin:1") })
	wantEnd(t, "its primary key is not set", func(t testing.TB) { l.RequireOn(t, key, &Post{}) })
	wantEnd(t, "expected one row", func(t testing.TB) { l.RequireOn(t, key, &[]Post{one}) })
	wantEnd(t, "expected a pointer to a model's struct", func(t testing.TB) { timaktest.Use(t, db, nil, 7) })
	wantEnd(t, "no such table: posts", func(t testing.TB) {
		empty, err := gorm.Open(sqlite.Open(filepath.Join(t.TempDir(), "empty.db")))
		if err != nil {
			t.Error(err)
		}
		l := timaktest.Use(t, empty, nil, &Post{})
		must(t, empty.Create(&one).Error)
		l.Relay(t)
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestRelay_deadLetter: a change that no timeline can take ends the test.
func TestRelay_deadLetter(t *testing.T) {
	t.Parallel()
	type Tag struct {
		ID        uint
		Name      string
		CreatedAt time.Time
	}
	db := open(t, "sqlite")
	must(t, db.AutoMigrate(&Tag{}))
	l := timaktest.Use(t, db, nil, timakgorm.Track[Tag](timakgorm.Rule{Key: "tag:{Name}"}))
	must(t, db.Create(&Tag{Name: strings.Repeat("x", 600)}).Error)
	wantEnd(t, `a change of tags [1] can never be applied: `, func(t testing.TB) { l.Relay(t) })
}

// TestStore: an outage loses nothing, of all timelines or of one, nor do lost answers.
func TestStore(t *testing.T) {
	t.Parallel()
	full := errors.New("full")
	for _, tt := range []struct {
		about string
		fail  func(*timaktest.Store)
		want  error
		other bool // another timeline is written meanwhile
		own   bool // the timeline itself is
	}{
		{"all", func(s *timaktest.Store) { s.Fail(nil) }, driver.ErrUnavailable, false, false},
		{"all, by another error", func(s *timaktest.Store) { s.Fail(full) }, full, false, false},
		{"a key", func(s *timaktest.Store) { s.FailKey("author:7:posts", nil) }, driver.ErrUnavailable, true, false},
		{"a lost answer", func(s *timaktest.Store) { s.LoseAnswers("author:7:posts") }, nil, true, true},
	} {
		t.Run(tt.about, func(t *testing.T) {
			t.Parallel()
			db := open(t, "sqlite")
			l := timaktest.Use(t, db, nil, &Post{})
			tt.fail(l.Store)
			one, two := create(t, db, Post{AuthorID: 7, Published: true}), create(t, db, Post{AuthorID: 8, Published: true})
			if err := l.TryRelay(t.Context()); !errors.Is(err, tt.want) {
				t.Errorf("TryRelay: got %v, want %v", err, tt.want)
			}
			l.Store.Mend()
			if got := len(l.IDs(t, "author:8:posts")) > 0; got != tt.other {
				t.Errorf("another timeline is written: got %t", got)
			}
			if got := len(l.IDs(t, "author:7:posts")) > 0; got != tt.own {
				t.Errorf("the timeline is written: got %t", got)
			}
			l.Relay(t)
			l.RequireOn(t, "author:7:posts", &one)
			l.RequireOn(t, "author:8:posts", &two)
		})
	}
}

// TestUse_again: a later test on the same database has nothing of an earlier one, whether that
// has relayed or not, and whether its tables are new.
func TestUse_again(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{"postgres", "sqlite"} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			first := open(t, dialect)
			timaktest.Use(t, first, nil, &Post{})
			create(t, first, Post{AuthorID: 7, Published: true}) // is not relayed
			if err := errors.Join(first.Migrator().DropTable(&Post{}), first.AutoMigrate(&Post{})); err != nil {
				t.Fatal(err)
			}
			pool, err := first.DB()
			if err != nil {
				t.Fatal(err)
			}
			dialector := gorm.Dialector(sqlite.Dialector{Conn: pool})
			if dialect == "postgres" {
				dialector = postgres.New(postgres.Config{Conn: pool})
			}
			second, err := gorm.Open(dialector)
			if err != nil {
				t.Fatal(err)
			}
			l := timaktest.Use(t, second, nil, &Post{})
			l.Relay(t)
			if got := l.IDs(t, "author:7:posts"); len(got) > 0 {
				t.Errorf("got %v of an earlier test", got)
			}
			post := create(t, second, Post{AuthorID: 7, Published: true})
			l.Relay(t)
			l.RequireOn(t, "author:7:posts", &post)

			wantEnd(t, "takes no other: expected one that the test has opened", func(t testing.TB) { timaktest.Use(t, second, nil, &Post{}) })
		})
	}
}

// TestRequireOn_uncommitted: a write of a transaction that has not ended is not relayed, and
// the failure says why.
func TestRequireOn_uncommitted(t *testing.T) {
	t.Parallel()
	db := open(t, "postgres")
	l := timaktest.Use(t, db, nil, &Post{})
	tx := db.Begin()
	defer tx.Rollback()
	post := create(t, tx, Post{AuthorID: 7, Published: true})
	l.Relay(t)
	wantEnd(t, "when its transaction has been committed", func(t testing.TB) { l.RequireOn(t, "author:7:posts", &post) })
}
