package audience_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

const crowdRoleVariable = "TIMAK_TEST_CROWD_ROLE"

// memoryPrefix begins the last line that a relay tells.
const memoryPrefix = "memory "

// crowdRole is what a relay of TestFeeds_crowd needs: a database, and one of two stores.
type crowdRole struct {
	DSN  string
	Bolt string
	Riak []string
}

// told is a store that tells which keys were written.
type told struct{ driver.Store }

func (s told) Put(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	next, err := s.Store.Put(ctx, key, value, token)
	if err == nil {
		_, _ = os.Stdout.WriteString(key + "\n")
	}
	return next, err
}

// crowdChild is what a relay of TestFeeds_crowd does instead of tests, until the outbox is
// empty.
func crowdChild(text string) int {
	var r crowdRole
	err := json.Unmarshal([]byte(text), &r)
	if err == nil {
		err = r.relay()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "crowd:", err)
		return 1
	}
	fmt.Println(memoryPrefix + peakOf("self"))
	return 0
}

func (r crowdRole) relay() error {
	store, err := r.store()
	if err != nil {
		return err
	}
	plugin, err := timakgorm.New(timak.New(told{store}, nil), &timakgorm.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	if err := plugin.Register(&Subscribe{}, &Story{}); err != nil {
		return err
	}
	db, err := gorm.Open(world.Dialector("postgres", r.DSN), &gorm.Config{Logger: logger.Discard})
	if err != nil {
		return err
	}
	if err := db.Use(plugin); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	if err := plugin.Drain(ctx); err != nil {
		return err
	}
	return store.Close()
}
