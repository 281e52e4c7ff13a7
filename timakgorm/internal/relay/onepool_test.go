package relay_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/pgstore"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestRun_smallPool: a pool beneath database/sql, shared with the store, may be as small as
// one connection. Run then keeps none, and says so, also beside Watch.
func TestRun_smallPool(t *testing.T) {
	t.Parallel()
	const without = "the relay leaves the only free connection"
	for _, c := range []struct {
		conns int32
		watch bool
		said  int // of the relay, by the log
	}{
		{1, false, 1},
		{1, true, 1},
		{2, true, 0},
	} {
		t.Run(fmt.Sprint(c.conns, c.watch), func(t *testing.T) {
			t.Parallel()
			log := &journal{}
			log.tell(t)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			db, pool := smallPool(t, c.conns)
			store, err := pgstore.New(pool, nil)
			if err != nil {
				t.Fatal(err)
			}
			plugin, err := timakgorm.New(timak.New(store, nil), &timakgorm.Options{Logger: log.logger(), Poll: 10 * time.Millisecond})
			if err := errors.Join(err, plugin.Register(&world.Post{}), db.Use(plugin)); err != nil {
				t.Fatal(err)
			}
			if c.watch {
				if _, err := plugin.Watch(ctx, "author:1:posts"); err != nil {
					t.Fatal(err)
				}
			}
			ended := make(chan error, 1)
			running, stop := context.WithCancel(ctx)
			go func() { ended <- plugin.Run(running) }()
			for id := range uint(3) {
				if err := db.WithContext(ctx).Create(&world.Post{ID: id + 1, AuthorID: 1, Published: true}).Error; err != nil {
					t.Fatal(err)
				}
			}
			await(ctx, t, "the posts", func() bool {
				page, err := plugin.Page(ctx, "author:1:posts", timak.Query{Limit: 3})
				return err == nil && len(page.Items) == 3
			})
			if got := log.count(without); got != c.said {
				t.Errorf("the log says %d times that %s, want %d", got, without, c.said)
			}
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}

// await waits until something is so.
func await(ctx context.Context, t *testing.T, what string, so func() bool) {
	t.Helper()
	for !so() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// smallPool opens a new database by a pool of so many connections, with all tables.
func smallPool(t *testing.T, conns int32) (*gorm.DB, *pgxpool.Pool) {
	t.Helper()
	dsn := world.NewDSN(t, "postgres")
	wide := world.OpenDSN(t, "postgres", dsn, nil)
	err := errors.Join(pgstore.Migrate(t.Context(), dsn, nil), timakgorm.Migrate(t.Context(), wide), wide.AutoMigrate(&world.Author{}, &world.Post{}))
	if err != nil {
		t.Fatal(err)
	}
	pool, err := pgxpool.New(context.WithoutCancel(t.Context()), fmt.Sprintf("%s pool_max_conns=%d", dsn, conns))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	db, err := gorm.Open(postgres.New(postgres.Config{Conn: stdlib.OpenDBFromPool(pool)}), &gorm.Config{Logger: logger.Discard})
	if err != nil {
		t.Fatal(err)
	}
	return db, pool
}

// TestRun_saysBack: after an outage the log says once that changes are applied again.
func TestRun_saysBack(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		const back = "changes are applied again"
		log, store := &journal{}, world.NewFaulty()
		log.tell(t)
		w := world.New(t, world.Setup{Dialect: dialect, Store: store, Options: &timakgorm.Options{Poll: 10 * time.Millisecond, Logger: log.logger()}})
		defer w.Run()()
		for outage := range 2 {
			w.Must(w.DB.Create(&world.Post{AuthorID: 1, Published: true}).Error)
			w.AwaitRelay()
			if got := log.count(back); got != outage {
				t.Errorf("after %d outages it is said %d times", outage, got)
			}
			warned := log.count("WARN")
			store.SetBefore(world.Failing("", driver.ErrUnavailable))
			w.Must(w.DB.Create(&[]world.Post{{AuthorID: 1, Published: true}, {AuthorID: 2, Published: true}}).Error)
			w.Await("a warning", func() bool { return log.count("WARN") > warned })
			store.SetBefore(nil)
			w.AwaitRelay()
			w.Await("the word", func() bool { return log.count(back) == outage+1 })
		}
	})
}
