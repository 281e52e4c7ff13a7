package endtoend_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// soakRole is what a process of the soak does: writers change posts, relays
// carry the changes to the store.
type soakRole struct {
	Relay    bool
	DSN      string
	Store    storage
	Triggers bool
	Seed     uint64
}

const soakVariable = "TIMAK_TEST_SOAK_ROLE"

// rolledBack is in the title of posts that are never committed.
const rolledBack = "rolled back"

// soakChild is what a process of the soak does instead of tests, until its
// standard input ends.
func soakChild(text string) int {
	var r soakRole
	err := json.Unmarshal([]byte(text), &r)
	if err == nil {
		err = r.work()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		return 1
	}
	return 0
}

func (r soakRole) work() error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	store, err := r.openStore(ctx)
	if err != nil {
		return err
	}
	plugin, err := timakgorm.New(timak.New(store, nil), r.options())
	if err != nil {
		return err
	}
	if err := plugin.Register(soakTracked()...); err != nil {
		return err
	}
	db, err := gorm.Open(world.Dialector("postgres", r.DSN), &gorm.Config{Logger: logger.Discard})
	if err != nil {
		return err
	}
	if err := db.Use(plugin); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(os.Stdout, crashReady); err != nil {
		return err
	}
	if r.Relay {
		return errors.Join(plugin.Run(ctx), store.Close())
	}
	return errors.Join(r.write(ctx, db), store.Close())
}

// openStore opens the store, again if it does not answer in time: on a busy machine even one
// that is there may not.
func (r soakRole) openStore(ctx context.Context) (driver.Store, error) {
	for {
		store, err := r.Store.open(ctx)
		if !errors.Is(err, driver.ErrUnavailable) || ctx.Err() != nil {
			return store, err
		}
		shortTime(100)
	}
}

func (r soakRole) options() *timakgorm.Options {
	o := &timakgorm.Options{Batch: 50, Poll: 20 * time.Millisecond, Logger: slog.New(slog.DiscardHandler)}
	if r.Triggers {
		o.Capture = timakgorm.Triggers
	}
	return o
}

// write changes posts at random; while the database is away nothing works, and
// that is all right.
func (r soakRole) write(ctx context.Context, db *gorm.DB) error {
	h := soakHistory{History: world.History{Rand: rand.New(rand.NewPCG(r.Seed, 0)), DB: db}, raw: r.Triggers}
	for ctx.Err() == nil {
		h.round()
	}
	return nil
}

// soakHistory adds to a history what goes wrong in applications.
type soakHistory struct {
	world.History

	raw bool // SQL of our own may write posts
}

func (h *soakHistory) round() {
	switch h.IntN(10) {
	case 5:
		h.follow()
	case 0:
		h.cancelled()
	case 1:
		h.panicking()
	case 2:
		h.phantom()
	case 3:
		if h.raw {
			_ = h.DB.Exec("UPDATE posts SET author_id = ? WHERE id % 4 = ?", h.Author(), h.IntN(4)).Error
		}
	case 4: // restoring brings back all that were deleted: keep them few, so that no timeline is ever full
		_ = h.DB.Unscoped().Where("id > ? AND deleted_at IS NOT NULL", 25).Delete(&world.Post{}).Error
	default:
		h.Transaction()
	}
}

// cancelled ends the context of a transaction at any moment of it.
func (h *soakHistory) cancelled() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(h.IntN(8))*time.Millisecond)
	defer cancel()
	_ = h.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		return world.First(h.Operation(tx), h.Operation(tx))
	})
}

func (h *soakHistory) panicking() {
	defer func() { _ = recover() }()
	_ = h.DB.Transaction(func(tx *gorm.DB) error {
		_ = h.Operation(tx)
		_ = tx.Create(&world.Post{AuthorID: uint(h.Author()), Title: rolledBack, Published: true}).Error
		panic("in an application")
	})
}

// phantom rolls back what it has made, all of it or to a savepoint.
func (h *soakHistory) phantom() {
	_ = h.DB.Transaction(func(tx *gorm.DB) error {
		err := tx.Transaction(func(tx *gorm.DB) error {
			return world.First(tx.Create(&world.Post{AuthorID: uint(h.Author()), Title: rolledBack, Published: true}).Error, world.ErrRollback)
		})
		return world.First(notRollback(err), h.Operation(tx), func() error {
			if h.IntN(2) == 0 {
				return nil
			}
			return world.First(tx.Create(&world.Post{AuthorID: uint(h.Author()), Title: rolledBack, Published: true}).Error, world.ErrRollback)
		}())
	})
}
