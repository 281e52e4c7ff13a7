package readme_test

// The Go of the README, word for word, but for its program. What stands between the snippets makes
// them run.

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/glebarez/sqlite"
	"gorm.io/gorm"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timakgorm"
)

var start = time.Date(2011, 11, 22, 12, 0, 0, 0, time.UTC)

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
