package readme_test

// The Go of the README, word for word. What stands between the snippets makes
// them run.

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/glebarez/sqlite"
	"gorm.io/gorm"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/boltstore"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timakgorm"
)

var start = time.Date(2011, 11, 22, 12, 0, 0, 0, time.UTC)

func Example_engine() {
	ctx := context.Background()
	var tl timak.Timeline
	var err error

	timelines := timak.New(memstore.New(), &timak.Options{MaxItems: 3})

	for i := range 4 {
		item := timak.Item{ID: strconv.Itoa(i + 1), At: start.Add(time.Duration(i) * time.Minute)}
		tl, err = timelines.Add(ctx, "brett:tweets", item)
	}
	fmt.Println(tl.IDs()) // [4 3 2]

	tl, err = timelines.Delete(ctx, "brett:tweets", "2")
	fmt.Println(tl.IDs()) // [4 3]

	check(err)
	// Output:
	// [4 3 2]
	// [4 3]
}

type Post struct {
	ID        uint
	AuthorID  uint
	Title     string
	Published bool
	CreatedAt time.Time
	DeletedAt gorm.DeletedAt

	_ timakgorm.Timeline `timak:"key=author:{AuthorID}:posts; when=Published; data=Title"`
	_ timakgorm.Timeline `timak:"key=site:posts; when=Published; max=500"`
}

func Example_application() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	dir, err := os.MkdirTemp("", "timak")
	check(err)
	defer os.RemoveAll(dir)
	db, err := gorm.Open(sqlite.Open(filepath.Join(dir, "app.db") + "?_txlock=immediate&_pragma=busy_timeout(5000)"))
	check(err)
	check(db.AutoMigrate(&Post{}))

	store, err := boltstore.Open(filepath.Join(dir, "timelines.db"), nil)
	timelines := timak.New(store, nil)
	plugin, err := timakgorm.New(timelines, nil)
	err = plugin.Register(&Post{})   // every mistake in a rule is an error here
	err = timakgorm.Migrate(ctx, db) // timak's own tables
	err = db.Use(plugin)
	go plugin.Run(ctx) // the relay

	check(err)
	check(db.Create(&[]Post{{AuthorID: 1, Title: "one", Published: true}, {AuthorID: 1, Title: "draft"}}).Error)
	check(plugin.Drain(ctx))
	w := httptest.NewRecorder()
	handle(w, httptest.NewRequest(http.MethodGet, "/", nil), db, plugin)
	fmt.Println(w.Body)
	w = httptest.NewRecorder()
	handle(w, httptest.NewRequest(http.MethodGet, "/?cursor=x", nil), db, plugin)
	fmt.Println(w.Code)
	stop()
	check(store.Close())
	// Output:
	// one
	// 400
}

func handle(w http.ResponseWriter, r *http.Request, db *gorm.DB, plugin *timakgorm.Plugin) {
	ctx, authorID := r.Context(), 1

	page, err := plugin.Page(ctx, timakgorm.Key("author:{}:posts", authorID), timak.Query{
		Limit:  20,
		Cursor: r.URL.Query().Get("cursor"), // Next or Prev of another page
	})
	if errors.Is(err, timak.ErrBadCursor) {
		http.Error(w, "this link is damaged", http.StatusBadRequest)
		return
	}
	posts, err := timakgorm.Load[Post](ctx, db, page) // one query, in the page's order

	check(err)
	for _, post := range posts {
		fmt.Fprint(w, post.Title)
	}
}

type Follow struct {
	FollowerID uint `gorm:"primaryKey"`
	AuthorID   uint `gorm:"primaryKey"`

	_ timakgorm.Subscription `timak:"audience=followers; key=user:{FollowerID}:home; source=author:{AuthorID}"`
}

type Note struct {
	ID        uint
	AuthorID  uint
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"audience=followers; source=author:{AuthorID}"`
}

func Example_homeFeed() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "timak")
	check(err)
	defer os.RemoveAll(dir)
	db, err := gorm.Open(sqlite.Open(filepath.Join(dir, "app.db") + "?_txlock=immediate&_pragma=busy_timeout(5000)"))
	check(err)
	check(db.AutoMigrate(&Follow{}, &Note{}))
	timelines := timak.New(memstore.New(), nil)
	plugin, err := timakgorm.New(timelines, nil)
	check(err)
	check(plugin.Register(&Follow{}, &Note{}))
	check(timakgorm.Migrate(ctx, db))
	check(db.Use(plugin))

	home := func() []string {
		check(plugin.Drain(ctx))
		timeline, err := timelines.Get(ctx, timakgorm.Key("user:{}:home", 7))
		check(err)
		return timeline.IDs()
	}
	check(db.Create(&[]Note{{AuthorID: 1}, {AuthorID: 2}, {AuthorID: 1}}).Error)
	check(db.Create(&Follow{FollowerID: 7, AuthorID: 1}).Error)
	fmt.Println(home())
	check(db.Create(&Note{AuthorID: 1}).Error)
	fmt.Println(home())
	check(db.Delete(&Follow{FollowerID: 7, AuthorID: 1}).Error)
	fmt.Println(home())
	// Output:
	// [notes:3 notes:1]
	// [notes:4 notes:3 notes:1]
	// []
}

func Example_verify() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "timak")
	check(err)
	defer os.RemoveAll(dir)
	db, err := gorm.Open(sqlite.Open(filepath.Join(dir, "app.db") + "?_txlock=immediate&_pragma=busy_timeout(5000)"))
	check(err)
	check(db.AutoMigrate(&Post{}))
	timelines := timak.New(memstore.New(), nil)
	plugin, err := timakgorm.New(timelines, &timakgorm.Options{Deliver: timakgorm.OnCommit, Capture: timakgorm.Triggers})
	check(err)
	check(plugin.Register(&Post{}))
	check(timakgorm.Migrate(ctx, db))
	check(db.Use(plugin))
	check(plugin.InstallTriggers(ctx, db))
	check(db.Create(&Post{AuthorID: 1, Title: "one", Published: true}).Error)
	tl, err := timelines.Delete(ctx, "site:posts", "posts:1") // somebody tampers
	check(err)
	fmt.Println(tl.Len())

	report, err := plugin.Verify(ctx, timakgorm.VerifyOptions{}) // Models, Keys, Sample, Progress, …
	if !report.Clean() {
		report, err = plugin.Rebuild(ctx, timakgorm.RebuildOptions{})
	}

	check(err)
	tl, err = timelines.Get(ctx, "site:posts")
	check(err)
	fmt.Println(report.Clean(), tl.IDs())
	// Output:
	// 0
	// true [posts:1]
}

func Example_rulesInGo() {
	plugin, err := timakgorm.New(timak.New(memstore.New(), nil), nil)
	check(err)
	type Post struct {
		ID        uint
		CreatedAt time.Time
	}
	fmt.Println(
		plugin.Register(timakgorm.Track[Post](timakgorm.Rule{Key: "site:posts"})),
	)
	// Output: <nil>
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
