package timakgorm_test

import (
	"context"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timakgorm"
)

// Rules in Go, for models without tags.
func ExampleTrack() {
	ctx := context.Background()
	type Album struct {
		ID       uint
		Artist   string
		Released int64 // a year
	}
	db, err := openMemory()
	check(err)
	check(db.AutoMigrate(&Album{}))
	plugin, err := timakgorm.New(timak.New(memstore.New(), nil), nil)
	check(err)
	check(plugin.Register(timakgorm.Track[Album](
		timakgorm.Rule{Key: "artist:{Artist}:albums", Date: "Released"},
		timakgorm.Rule{Key: "albums", Date: "Released", Max: 100},
	)))
	check(timakgorm.Migrate(ctx, db))
	check(db.Use(plugin))
	check(db.Create(&[]Album{{Artist: "ann", Released: 1999}, {Artist: "ann", Released: 1997}, {Artist: "bob", Released: 1998}}).Error)
	printIDs(plugin, "artist:ann:albums")
	printIDs(plugin, "albums")
	// Output:
	// artist:ann:albums [albums:1 albums:2]
	// albums [albums:1 albums:3 albums:2]
}

// An item that is on a timeline for two reasons is shown once, until both are gone.
func ExampleRule_source() {
	ctx := context.Background()
	type Mention struct {
		ID        uint
		Reader    string
		Post      uint
		Reason    string
		CreatedAt time.Time

		_ timakgorm.Timeline `timak:"key=reader:{Reader}:inbox; id=posts:{Post}; source={Reason}"`
	}
	db, err := openMemory()
	check(err)
	check(db.AutoMigrate(&Mention{}))
	plugin, err := timakgorm.New(timak.New(memstore.New(), nil), nil)
	check(err)
	check(plugin.Register(&Mention{}))
	check(timakgorm.Migrate(ctx, db))
	check(db.Use(plugin))
	check(db.Create(&[]Mention{{Reader: "ann", Post: 7, Reason: "named"}, {Reader: "ann", Post: 7, Reason: "answered"}}).Error)
	printIDs(plugin, "reader:ann:inbox")
	check(db.Delete(&Mention{}, 1).Error)
	printIDs(plugin, "reader:ann:inbox")
	check(db.Delete(&Mention{}, 2).Error)
	printIDs(plugin, "reader:ann:inbox")
	// Output:
	// reader:ann:inbox [posts:7]
	// reader:ann:inbox [posts:7]
	// reader:ann:inbox []
}

// Everybody nearby sees what happens: no row says so, a function does.
func ExampleAudience() {
	ctx := context.Background()
	type Event struct {
		ID        uint
		City      string
		CreatedAt time.Time

		_ timakgorm.Timeline `timak:"audience=nearby; source=city:{City}"`
	}
	people := map[string]string{"ann": "Vilnius", "bob": "Vilnius", "cai": "Oslo"}
	db, err := openMemory()
	check(err)
	check(db.AutoMigrate(&Event{}))
	plugin, err := timakgorm.New(timak.New(memstore.New(), nil), nil)
	check(err)
	check(plugin.Register(&Event{}, timakgorm.Audience{
		Name: "nearby",
		Key:  "person:{}:nearby",
		Keys: func(_ context.Context, source, after string) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) {
				for _, name := range slices.Sorted(maps.Keys(people)) {
					key := timakgorm.Key("person:{}:nearby", name)
					if key > after && source == timakgorm.Key("city:{}", people[name]) && !yield(key, nil) {
						return
					}
				}
			}
		},
		Sources: func(_ context.Context, key string) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) {
				for name, city := range people {
					if key == timakgorm.Key("person:{}:nearby", name) {
						yield(timakgorm.Key("city:{}", city), nil)
					}
				}
			}
		},
	}))
	check(timakgorm.Migrate(ctx, db))
	check(db.Use(plugin))
	check(db.Create(&[]Event{{City: "Vilnius"}, {City: "Oslo"}}).Error)
	printIDs(plugin, "person:ann:nearby")
	printIDs(plugin, "person:cai:nearby")
	// Output:
	// person:ann:nearby [events:1]
	// person:cai:nearby [events:2]
}
