package timelines

import (
	"context"
	"sync/atomic"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/feed"
)

// Store keeps timelines, and can do all that an engine asks of a store.
type Store interface {
	driver.Store
	driver.PartGetter
	driver.Adder
}

// counted counts what a store is given.
type counted struct {
	Store

	writes, bytes atomic.Int64
}

// Put implements driver.Store.
func (c *counted) Put(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	c.count(key, value)
	return c.Store.Put(ctx, key, value, token)
}

// Add implements driver.Adder.
func (c *counted) Add(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	c.count(key, value)
	return c.Store.Add(ctx, key, value, token)
}

func (c *counted) count(key string, value []byte) {
	c.writes.Add(1)
	c.bytes.Add(int64(len(key) + len(value)))
}

func (c *counted) written() feed.Written {
	return feed.Written{Writes: c.writes.Load(), Bytes: c.bytes.Load()}
}
