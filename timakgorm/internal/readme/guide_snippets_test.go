package readme_test

// The Go of the guide, word for word, but for its programs. What stands between the snippets
// makes them run.

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/glebarez/sqlite"
	"gorm.io/gorm"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timakgorm"
)

// openGuideDB opens a database in a folder, with the tables of models.
func openGuideDB(folder string, models ...any) *gorm.DB {
	db, err := gorm.Open(sqlite.Open(filepath.Join(folder, "app.db") + "?_txlock=immediate&_pragma=busy_timeout(5000)"))
	check(err)
	check(db.AutoMigrate(models...))
	return db
}

func Example_guideHomeFeeds() {
	type Follow struct {
		ReaderID  uint `gorm:"primaryKey"`
		AuthorID  uint `gorm:"primaryKey;index"`
		CreatedAt time.Time

		_ timakgorm.Subscription `timak:"audience=followers; key=reader:{ReaderID}:home; source=author:{AuthorID}; max=400"`
	}

	type Article struct {
		ID        uint
		AuthorID  uint `gorm:"index:feed,priority:1"`
		Title     string
		Hidden    bool
		CreatedAt time.Time `gorm:"index:feed,priority:2"`

		_ timakgorm.Timeline `timak:"audience=followers; source=author:{AuthorID}; when=!Hidden"`
		_ timakgorm.Timeline `timak:"key=author:{AuthorID}:articles; when=!Hidden"`
	}

	ctx := context.Background()
	folder, err := os.MkdirTemp("", "timak")
	check(err)
	defer os.RemoveAll(folder)
	db := openGuideDB(folder, &Follow{}, &Article{})
	timelines := timak.New(memstore.New(), nil)
	plugin, err := timakgorm.New(timelines, &timakgorm.Options{Deliver: timakgorm.OnCommit})
	check(err)
	check(errors.Join(timakgorm.Migrate(ctx, db), plugin.Register(&Follow{}, &Article{}), db.Use(plugin)))
	check(db.Create(&[]Article{{AuthorID: 1}, {AuthorID: 2}}).Error)
	check(db.Create(&Follow{ReaderID: 7, AuthorID: 2}).Error)
	{
		db.Create(&Follow{ReaderID: 7, AuthorID: 1})   // brings what author 1 has written
		db.Create(&Article{AuthorID: 1, Title: "New"}) // reaches all followers
		db.Delete(&Follow{ReaderID: 7, AuthorID: 2})   // takes exactly that author's away
		page, err := plugin.Page(ctx, timakgorm.Key("reader:{}:home", 7), timak.Query{Limit: 20})
		check(err)
		for _, item := range page.Items {
			fmt.Println(item.ID)
		}

		home := timakgorm.Key("reader:{}:home", 7)
		unread, err := timelines.Unread(ctx, home, 100) // at most 100
		err = timelines.MarkSeen(ctx, home, page.Prev)  // the reader has seen what is on the page
		check(err)
		left, err := timelines.Unread(ctx, home, 100)
		check(err)
		fmt.Println(unread, left)

		ctx, cancel := context.WithCancel(ctx)
		show := func(unread int, err error) {
			check(err)
			fmt.Println(unread)
			cancel()
		}
		watch := func() error {
			changed, err := plugin.Watch(ctx, home) // until ctx ends
			if err != nil {
				return err
			}
			for range changed { // once at the beginning, and when the feed may have changed
				show(timelines.Unread(ctx, home, 100))
			}
			return nil
		}
		check(watch())
	}
	keys := []string{timakgorm.Key("reader:{}:home", 7), timakgorm.Key("author:{}:articles", 1)}
	merged, err := timelines.PageOf(ctx, keys, timak.Query{Limit: 20})
	check(err)
	fmt.Println(len(merged.Items))
	// Output:
	// articles:3
	// articles:1
	// 2 0
	// 0
	// 2
}

func Example_guideTroubleshooting() {
	type Post struct {
		ID        uint
		AuthorID  uint
		Title     string
		CreatedAt time.Time

		_ timakgorm.Timeline `timak:"key=author:{AuthorID}:posts; source={Title}"`
	}
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "timak")
	check(err)
	defer os.RemoveAll(folder)
	db := openGuideDB(folder, &Post{})
	timelines := timak.New(memstore.New(), nil)
	plugin, err := timakgorm.New(timelines, &timakgorm.Options{Logger: slog.New(slog.DiscardHandler)})
	check(err)
	check(errors.Join(timakgorm.Migrate(ctx, db), plugin.Register(&Post{}), db.Use(plugin)))
	check(db.Create(&[]Post{{AuthorID: 7}, {AuthorID: 7, Title: strings.Repeat("x", 600)}}).Error)
	check(plugin.Drain(ctx))
	_, err = timelines.Delete(ctx, "author:7:posts", "posts:1") // somebody tampers
	check(err)
	{
		report, err := plugin.Verify(ctx, timakgorm.VerifyOptions{Keys: []string{timakgorm.Key("author:{}:posts", 7)}})
		for _, difference := range report.Differences {
			fmt.Println(difference)
		}
		check(err)
	}
	{
		letters, err := plugin.DeadLetters(ctx, timakgorm.DeadLetterQuery{})
		for _, letter := range letters {
			fmt.Println(letter.Table, string(letter.PK), letter.Error)
			err = plugin.Retry(ctx, letter.ID) // when the cause is corrected; or Discard
		}
		check(err)
	}
	{
		report, err := plugin.Rebuild(ctx, timakgorm.RebuildOptions{Models: []any{&Post{}}})
		check(err)
		fmt.Println(report.Remaining)
	}
	stats, err := plugin.Stats(ctx)
	check(err)
	fmt.Println(stats.Dead)
	// Output:
	// author:7:posts: posts [2] unplaceable: timak: apply to "author:7:posts": source must have 1 to 512 bytes, or none for an item with a single source, got 600
	// author:7:posts: posts:1 missing
	// posts [2] timak: apply to "author:7:posts": source must have 1 to 512 bytes, or none for an item with a single source, got 600
	// 1
	// 1
}
