package timelines

import (
	"context"
	"sync/atomic"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/feed"
)

// counted counts what a store is given.
type counted struct {
	driver.Store

	writes, bytes atomic.Int64
}

// Put implements driver.Store.
func (c *counted) Put(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	c.writes.Add(1)
	c.bytes.Add(int64(len(key) + len(value)))
	return c.Store.Put(ctx, key, value, token)
}

func (c *counted) written() feed.Written {
	return feed.Written{Writes: c.writes.Load(), Bytes: c.bytes.Load()}
}
