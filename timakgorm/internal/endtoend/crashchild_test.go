package endtoend_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// crashChild is what the process of a crash test does instead of tests. It
// returns only if something is wrong.
func crashChild(text string) int {
	var c crash
	err := json.Unmarshal([]byte(text), &c)
	if err == nil {
		err = c.work()
	}
	fmt.Fprintln(os.Stderr, "crash test: still alive:", err)
	return 1
}

// victim is the process at work.
type victim struct {
	crash

	db     *gorm.DB
	plugin *timakgorm.Plugin
	store  *drivertest.Failing
	armed  bool // from here on Puts count
	puts   int
}

func (c crash) work() error {
	v := &victim{crash: c}
	if err := v.open(); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(os.Stdout, crashReady); err != nil {
		return err
	}
	if c.Point == "random" {
		v.live()
		return nil
	}
	// Something to find applied, then something that is not.
	if err := world.First(v.write("first"), v.plugin.Drain(context.Background())); err != nil {
		return err
	}
	if v.Point == "in a transaction" {
		return v.db.Transaction(func(tx *gorm.DB) error {
			if err := writeMuch(tx); err != nil {
				return err
			}
			die()
			return nil
		})
	}
	err := v.write("second")
	if v.Point == "after a commit" {
		die()
	}
	v.armed = true
	if err == nil {
		err = v.plugin.Drain(context.Background())
	}
	if v.Point == "after the relay" && err == nil {
		die()
	}
	return err
}

func (v *victim) open() error {
	store, err := v.Store.open(context.Background())
	if err != nil {
		return err
	}
	v.store = drivertest.NewFailing(store)
	v.store.Before = v.atPut("before a put")
	v.store.After = v.atPut("after a put")
	timelines := timak.New(v.store, nil)
	options := &timakgorm.Options{Writers: 1, Logger: slog.New(slog.DiscardHandler)}
	if v.Point == "random" {
		options.Batch, options.Writers, options.Poll = 7, 0, 5*time.Millisecond
	}
	if v.plugin, err = timakgorm.New(timelines, options); err != nil {
		return err
	}
	if err := v.plugin.Register(&world.Post{}); err != nil {
		return err
	}
	if v.db, err = gorm.Open(world.Dialector(v.Dialect, v.DSN), &gorm.Config{Logger: logger.Discard}); err != nil {
		return err
	}
	return v.db.Use(v.plugin)
}

// write touches the timelines of five authors and that of the site.
func (v *victim) write(title string) error {
	for author := range uint(4) {
		if err := v.db.Create(&world.Post{AuthorID: author, Title: title, Published: true}).Error; err != nil {
			return err
		}
	}
	return v.db.Transaction(func(tx *gorm.DB) error {
		return world.First(
			tx.Model(&world.Post{}).Where("author_id = 3").Update("author_id", 4).Error,
			tx.Create(&world.Post{AuthorID: 0, Title: title + " draft"}).Error,
			tx.Model(&world.Post{}).Where("published = ?", false).Update("published", true).Error,
			tx.Where("author_id = 2").Delete(&world.Post{}).Error,
			notRollback(tx.Transaction(func(tx *gorm.DB) error {
				return world.First(tx.Create(&world.Post{AuthorID: 1, Title: "never", Published: true}).Error, world.ErrRollback)
			})),
		)
	})
}

// putsOfWrite is how many timelines a second write touches.
const putsOfWrite = 6

// atPut returns the hook that kills the process at a Put.
func (v *victim) atPut(point string) drivertest.Hook {
	return func(_ context.Context, call drivertest.Call) error {
		if !v.armed || call.Op != drivertest.Put {
			return nil
		}
		if point == "before a put" {
			v.puts++
		}
		last := v.Point == "after the last put" && point == "after a put" && v.puts == putsOfWrite
		if last || v.Point == point && v.puts == v.Nth {
			die()
		}
		return nil
	}
}

// live writes and relays until the parent has had enough.
func (v *victim) live() {
	go func() { _ = v.plugin.Run(context.Background()) }()
	var writers []func()
	for i := range uint64(3) {
		h := &world.History{Rand: rand.New(rand.NewPCG(v.Seed, i)), DB: v.db}
		writers = append(writers, func() {
			for {
				h.Transaction()
			}
		})
	}
	world.AtOnce(writers...)
}

// die ends the process as kill -9 does.
func die() {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
	select {} // until the signal arrives
}
