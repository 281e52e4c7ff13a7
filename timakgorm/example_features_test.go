package timakgorm_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timakgorm"
)

// Song is the model of the examples.
type Song struct {
	ID        uint
	Artist    string
	Title     string
	Listed    bool
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=artist:{Artist}:songs; when=Listed; data=Title"`
}

// use opens a database with the songs of two artists, and puts a plugin to use in it.
func use(opts *timakgorm.Options) (*gorm.DB, *timakgorm.Plugin, *timak.Timelines) {
	ctx := context.Background()
	with := timakgorm.Options{Logger: slog.New(slog.DiscardHandler)}
	if opts != nil {
		with.Capture, with.Deliver = opts.Capture, opts.Deliver
	}
	db, err := openMemory()
	check(err)
	check(db.AutoMigrate(&Song{}))
	timelines := timak.New(memstore.New(), &timak.Options{Logger: with.Logger})
	plugin, err := timakgorm.New(timelines, &with)
	check(err)
	check(plugin.Register(&Song{}))
	check(timakgorm.Migrate(ctx, db))
	check(db.Use(plugin))
	if with.Capture == timakgorm.Triggers {
		check(plugin.InstallTriggers(ctx, db))
	}
	check(db.Create(&[]Song{
		{Artist: "ann", Title: "One", Listed: true, CreatedAt: day(1)},
		{Artist: "ann", Title: "Two", Listed: true, CreatedAt: day(2)},
		{Artist: "bob", Title: "Three", Listed: true, CreatedAt: day(3)},
	}).Error)
	check(plugin.Drain(ctx))
	return db, plugin, timelines
}

func day(n int) time.Time { return time.Date(2011, 11, n, 0, 0, 0, 0, time.UTC) }

// printIDs prints the ids of a timeline's items, when everything is applied.
func printIDs(plugin *timakgorm.Plugin, key string) {
	ctx := context.Background()
	check(plugin.Drain(ctx))
	page, err := plugin.Page(ctx, key, timak.Query{})
	check(err)
	var ids []string
	for _, item := range page.Items {
		ids = append(ids, item.ID)
	}
	fmt.Println(key, ids)
}

// A page becomes rows, with one query and in the page's order.
func ExampleLoad() {
	ctx := context.Background()
	db, plugin, _ := use(nil)

	page, err := plugin.Page(ctx, timakgorm.Key("artist:{}:songs", "ann"), timak.Query{Limit: 20})
	check(err)
	songs, err := timakgorm.Load[Song](ctx, db, page)
	check(err)
	for _, song := range songs {
		fmt.Println(song.Title)
	}
	// Output:
	// Two
	// One
}

func ExampleItemID() {
	db, _, timelines := use(nil)
	song := Song{ID: 1}

	id, err := timakgorm.ItemID(db, &song)
	check(err)
	timeline, err := timelines.Get(context.Background(), "artist:ann:songs")
	check(err)
	for _, item := range timeline.Items() {
		if item.ID == id {
			fmt.Println(id, "is listed since", item.At.Format(time.DateOnly))
		}
	}
	// Output: songs:1 is listed since 2011-11-01
}

// The cursors of a page lead both ways, and stay good when items come and go.
func ExamplePlugin_Page() {
	ctx := context.Background()
	db, plugin, _ := use(nil)
	key := timakgorm.Key("artist:{}:songs", "ann")

	first, err := plugin.Page(ctx, key, timak.Query{Limit: 1})
	check(err)
	check(db.Create(&Song{Artist: "ann", Title: "New", Listed: true, CreatedAt: day(9)}).Error)
	check(plugin.Drain(ctx))
	next, err := plugin.Page(ctx, key, timak.Query{Limit: 1, Cursor: first.Next})
	check(err)
	newer, err := plugin.Page(ctx, key, timak.Query{Limit: 1, Cursor: first.Prev})
	check(err)
	fmt.Println(first.Items[0].ID, next.Items[0].ID, next.More, newer.Items[0].ID)

	_, err = plugin.Page(ctx, key, timak.Query{Cursor: "x"})
	fmt.Println(err)
	// Output:
	// songs:2 songs:1 false songs:4
	// timak: page: cursor is damaged or belongs to another timeline: "x"
}

// A key says that its timeline is worth a look.
func ExamplePlugin_Watch() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	db, plugin, timelines := use(&timakgorm.Options{Deliver: timakgorm.OnCommit})
	key := timakgorm.Key("artist:{}:songs", "ann")
	changed, err := plugin.Watch(ctx, key)
	check(err)
	shown := -1
	for key := range changed { // comes once at the beginning
		timeline, err := timelines.Get(ctx, key)
		check(err)
		if len(timeline.Items()) == shown { // a key may come in vain
			continue
		}
		shown = len(timeline.Items())
		fmt.Println(shown, "songs")
		switch shown {
		case 2:
			go func() { check(db.Create(&Song{Artist: "ann", Title: "Four", Listed: true, CreatedAt: day(4)}).Error) }()
		case 3:
			cancel() // closes the channel
		}
	}
	// Output:
	// 2 songs
	// 3 songs
}

// Verify says what differs, and changes nothing.
func ExamplePlugin_Verify() {
	ctx := context.Background()
	_, plugin, timelines := use(nil)
	_, err := timelines.Delete(ctx, "artist:ann:songs", "songs:1") // somebody tampers
	check(err)

	report, err := plugin.Verify(ctx, timakgorm.VerifyOptions{})
	check(err)
	for _, difference := range report.Differences {
		fmt.Println(difference)
	}
	fmt.Println(report.Clean())
	// Output:
	// artist:ann:songs: songs:1 missing
	// false
}

// Rebuild makes timelines agree with the tables.
func ExamplePlugin_Rebuild() {
	ctx := context.Background()
	_, plugin, timelines := use(nil)
	_, err := timelines.Delete(ctx, "artist:ann:songs", "songs:1")
	check(err)

	report, err := plugin.Rebuild(ctx, timakgorm.RebuildOptions{Models: []any{&Song{}}})
	check(err)
	fmt.Println(report.Missing, report.Remaining)
	printIDs(plugin, "artist:ann:songs")
	// Output:
	// 1 0
	// artist:ann:songs [songs:2 songs:1]
}

// Raw SQL on a tracked table is refused, as nobody can tell which rows it changes. Exec
// names them.
func ExampleExec() {
	db, plugin, _ := use(nil)
	const move = "UPDATE songs SET artist = 'bob' WHERE artist = 'ann' AND title = 'One'"

	fmt.Println(db.Exec(move).Error != nil)
	check(timakgorm.Exec(db, timakgorm.Rows(&Song{}, "artist = ?", "ann"), move))
	printIDs(plugin, "artist:ann:songs")
	printIDs(plugin, "artist:bob:songs")
	// Output:
	// true
	// artist:ann:songs [songs:2]
	// artist:bob:songs [songs:3 songs:1]
}

// Follow names the rows that a function changes, by whatever statements.
func ExampleFollow() {
	db, plugin, _ := use(nil)

	err := timakgorm.Follow(db, func(tx *gorm.DB) error {
		for _, statement := range []string{
			"UPDATE songs SET listed = false WHERE title = 'One'",
			"DELETE FROM songs WHERE title = 'Two'",
		} {
			if err := tx.Exec(statement).Error; err != nil {
				return err
			}
		}
		return nil
	}, timakgorm.Rows(&Song{}, "artist = ?", "ann"))
	check(err)
	printIDs(plugin, "artist:ann:songs")
	// Output: artist:ann:songs []
}

// Touch records rows as they are, after a change that was not followed.
func ExampleTouch() {
	db, plugin, _ := use(nil)

	err := db.Transaction(func(tx *gorm.DB) error {
		insert := "INSERT INTO songs (id, artist, title, listed, created_at) VALUES (9, 'ann', 'Nine', true, '2011-11-09')"
		if err := timakgorm.Unwatched(tx).Exec(insert).Error; err != nil {
			return err
		}
		return timakgorm.Touch(tx, &Song{}, "id = ?", 9)
	})
	check(err)
	printIDs(plugin, "artist:ann:songs")
	// Output: artist:ann:songs [songs:9 songs:2 songs:1]
}

// With OnCommit what a write has changed is readable when it returns.
func ExampleDeliver() {
	db, _, timelines := use(&timakgorm.Options{Deliver: timakgorm.OnCommit})

	check(db.Create(&Song{Artist: "ann", Title: "Now", Listed: true, CreatedAt: day(4)}).Error)
	timeline, err := timelines.Get(context.Background(), "artist:ann:songs")
	check(err)
	fmt.Println(timeline.IDs())
	// Output: [songs:4 songs:2 songs:1]
}

// Triggers see raw SQL, and other programs.
func ExamplePlugin_InstallTriggers() {
	db, plugin, _ := use(&timakgorm.Options{Capture: timakgorm.Triggers}) // which calls InstallTriggers

	check(db.Exec("UPDATE songs SET artist = 'bob' WHERE title = 'One'").Error)
	printIDs(plugin, "artist:ann:songs")
	printIDs(plugin, "artist:bob:songs")
	// Output:
	// artist:ann:songs [songs:2]
	// artist:bob:songs [songs:3 songs:1]
}

// A change that no timeline can take becomes a dead letter, and the others go on. When the
// row is corrected, it reaches its timelines by that change; the dead letter is discarded.
func ExamplePlugin_DeadLetters() {
	ctx := context.Background()
	db, plugin, _ := use(nil)
	check(db.Create(&Song{Artist: strings.Repeat("x", 600), Title: "Long", Listed: true}).Error)
	check(plugin.Drain(ctx))

	letters, err := plugin.DeadLetters(ctx, timakgorm.DeadLetterQuery{})
	check(err)
	for _, letter := range letters {
		_, why, _ := strings.Cut(letter.Error, `": `)
		fmt.Println(letter.Table, string(letter.PK), why)
		check(db.Model(&Song{}).Where("id = ?", 4).Update("artist", "ann").Error)
		check(plugin.Discard(ctx, letter.ID)) // or Retry, if the row was right
	}
	printIDs(plugin, "artist:ann:songs")
	// Output:
	// songs [4] key must have 1 to 512 bytes, got 613
	// artist:ann:songs [songs:4 songs:2 songs:1]
}

// Stats say how far the timelines are behind.
func ExamplePlugin_Stats() {
	ctx := context.Background()
	db, plugin, _ := use(nil)
	check(db.Create(&Song{Artist: "ann", Listed: true}).Error)

	for range 2 {
		stats, err := plugin.Stats(ctx)
		check(err)
		fmt.Println(stats.Waiting, stats.Dead, stats.Lost)
		check(plugin.Drain(ctx))
	}
	// Output:
	// 1 0 0s
	// 0 0 0s
}
