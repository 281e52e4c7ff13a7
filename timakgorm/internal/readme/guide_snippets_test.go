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
	merged, err := timelines.Bounded(400).PageOf(ctx, keys, timak.Query{Limit: 20}) // the feed has max=400
	check(err)
	fmt.Println(len(merged.Items))
	// Output:
	// articles:3
	// articles:1
	// 2 0
	// 0
	// 2
}

// A feed with two models, and one's own posts.
func Example_guideSeveralModels() {
	type Follow struct {
		ReaderID uint `gorm:"primaryKey"`
		AuthorID uint `gorm:"primaryKey;index"`

		_ timakgorm.Subscription `timak:"audience=followers; key=reader:{ReaderID}:home; source=author:{AuthorID}; max=400"`
	}
	type Article struct {
		ID        uint
		AuthorID  uint
		Hidden    bool
		CreatedAt time.Time

		_ timakgorm.Timeline `timak:"audience=followers; source=author:{AuthorID}; when=!Hidden"`
		_ timakgorm.Timeline `timak:"key=reader:{AuthorID}:home; source=own; max=400; when=!Hidden"`
	}
	type Photo struct {
		ID        uint
		AuthorID  uint
		CreatedAt time.Time

		_ timakgorm.Timeline `timak:"audience=followers; source=author:{AuthorID}"`
	}
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "timak")
	check(err)
	defer os.RemoveAll(folder)
	db := openGuideDB(folder, &Follow{}, &Article{}, &Photo{})
	plugin, err := timakgorm.New(timak.New(memstore.New(), nil), nil)
	check(err)
	check(plugin.Register(&Follow{}, &Article{}, &Photo{}))
	check(errors.Join(timakgorm.Migrate(ctx, db), db.Use(plugin)))
	check(db.Create(&Follow{ReaderID: 7, AuthorID: 1}).Error)
	check(db.Create(&[]Article{{AuthorID: 1, CreatedAt: start}, {AuthorID: 7, CreatedAt: start.AddDate(100, 0, 0)}}).Error) // the second in the future, by the reader
	check(db.Create(&Photo{AuthorID: 1, CreatedAt: start.Add(time.Hour)}).Error)
	check(plugin.Drain(ctx))
	page, err := plugin.Page(ctx, timakgorm.Key("reader:{}:home", 7), timak.Query{Limit: 20})
	check(err)
	{
		articles, err := timakgorm.Load[Article](ctx, db, page)
		photos, err := timakgorm.Load[Photo](ctx, db, page)
		rows := map[string]any{}
		for _, article := range articles {
			rows[fmt.Sprintf("articles:%d", article.ID)] = article
		}
		for _, photo := range photos {
			rows[fmt.Sprintf("photos:%d", photo.ID)] = photo
		}
		for _, item := range page.Items {
			if row, is := rows[item.ID]; is { // else it was deleted meanwhile
				fmt.Printf("%T\n", row)
			}
		}
		check(err)
	}
	// Output:
	// readme_test.Article
	// readme_test.Photo
	// readme_test.Article
}

// Dish has tags, by a table that is tracked.
type Dish struct {
	ID   uint
	Name string
	Tags []Tag `gorm:"many2many:dish_tags"`
}

// Tag is a tag of dishes.
type Tag struct {
	ID   uint
	Name string
}

func Example_guideJoinTable() {
	type DishTag struct {
		DishID    uint `gorm:"primaryKey"`
		TagID     uint `gorm:"primaryKey;index"`
		CreatedAt time.Time

		_ timakgorm.Timeline `timak:"key=tag:{TagID}:dishes; id=dishes:{DishID}"`
	}
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "timak")
	check(err)
	defer os.RemoveAll(folder)
	db := openGuideDB(folder)
	plugin, err := timakgorm.New(timak.New(memstore.New(), nil), &timakgorm.Options{Deliver: timakgorm.OnCommit})
	check(err)
	check(plugin.Register(&DishTag{}))
	{
		err := db.SetupJoinTable(&Dish{}, "Tags", &DishTag{}) // before AutoMigrate, and Register(&DishTag{})
		check(errors.Join(err, db.AutoMigrate(&Dish{}, &Tag{}, &DishTag{}), timakgorm.Migrate(ctx, db), db.Use(plugin)))
		soup := Dish{Name: "soup", Tags: []Tag{{Name: "hot"}}}
		check(db.Create(&soup).Error)
		page, err := plugin.Page(ctx, timakgorm.Key("tag:{}:dishes", 1), timak.Query{Limit: 20})
		dishes, err := timakgorm.Load[Dish](ctx, db, page)
		check(err)
		fmt.Println(len(dishes), dishes[0].Name)
		check(db.Model(&soup).Association("Tags").Clear())
	}
	page, err := plugin.Page(ctx, timakgorm.Key("tag:{}:dishes", 1), timak.Query{Limit: 20})
	check(err)
	fmt.Println(len(page.Items))
	// Output:
	// 1 soup
	// 0
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
	{
		report, err := plugin.Rebuild(ctx, timakgorm.RebuildOptions{})
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
	// 1
}
