package timakgorm_test

import (
	"context"
	"fmt"
	"time"

	"github.com/glebarez/sqlite"
	"gorm.io/gorm"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timakgorm"
)

// An author's posts follow the table of posts.
func Example() {
	type Post struct {
		ID        uint
		AuthorID  uint
		Title     string
		Published bool
		CreatedAt time.Time

		_ timakgorm.Timeline `timak:"key=author:{AuthorID}:posts; when=Published; data=Title"`
	}
	ctx := context.Background()
	db, err := openMemory()
	check(err)
	timelines := timak.New(memstore.New(), nil)

	plugin, err := timakgorm.New(timelines, nil)
	check(err)
	check(plugin.Register(&Post{}))
	check(timakgorm.Migrate(ctx, db))
	check(db.AutoMigrate(&Post{}))
	check(db.Use(plugin))

	day := time.Date(2011, 11, 22, 0, 0, 0, 0, time.UTC)
	check(db.Create(&[]Post{
		{AuthorID: 7, Title: "Hello", Published: true, CreatedAt: day},
		{AuthorID: 7, Title: "A draft", CreatedAt: day.AddDate(0, 0, 1)},
		{AuthorID: 7, Title: "Again", Published: true, CreatedAt: day.AddDate(0, 0, 2)},
	}).Error)
	check(db.Model(&Post{ID: 1}).Update("title", "Hello, world").Error)
	check(plugin.Drain(ctx)) // in an application: go plugin.Run(ctx)

	page, err := timelines.Page(ctx, timakgorm.Key("author:{}:posts", 7), timak.Query{Limit: 20})
	check(err)
	for _, item := range page.Items {
		fmt.Println(item.ID, item.At.Format(time.DateOnly), string(item.Data))
	}
	posts, err := timakgorm.Load[Post](ctx, db, page)
	check(err)
	fmt.Println(posts[0].Title)
	// Output:
	// posts:3 2011-11-24 {"title":"Again"}
	// posts:1 2011-11-22 {"title":"Hello, world"}
	// Again
}

// openMemory opens a database that lives as long as its one connection.
func openMemory() (*gorm.DB, error) {
	db, err := gorm.Open(sqlite.Open(":memory:"))
	if err != nil {
		return nil, err
	}
	plain, err := db.DB()
	if err == nil {
		plain.SetMaxOpenConns(1)
	}
	return db, err
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
