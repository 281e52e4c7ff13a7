package pgstore_test

import (
	"context"
	"encoding/binary"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/timak-go/timak/timak/driver"
)

// A counter is one of several writers of one key. The value holds a number for
// each of them, and merges by taking the greater. A writer adds one to what it finds
// of its own: so if ever a put is lost, its number ends below what was acknowledged.
// Like the engine, it skips the read while its last put's token is good.
type counter struct {
	store   driver.Store
	writers int
	me      int
	size    int // of the value in bytes, if it is more than the numbers take

	acked, lost  atomic.Int64 // puts; a lost one may have been carried out
	mostSiblings atomic.Int64 // read at once

	value numbers
	token driver.Token
}

type numbers []uint64

func (v numbers) encode(size int) []byte {
	b := make([]byte, 0, max(size, 8*len(v)))
	for _, n := range v {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	return b[:cap(b)]
}

func (v numbers) merge(value []byte) {
	for i := range v {
		v[i] = max(v[i], binary.BigEndian.Uint64(value[8*i:]))
	}
}

// run adds until ctx ends.
func (c *counter) run(ctx context.Context, t testing.TB) {
	for ctx.Err() == nil {
		err := c.add(context.WithoutCancel(ctx))
		switch {
		case err == nil:
			c.acked.Add(1)
		case errors.Is(err, driver.ErrUnavailable):
			c.lost.Add(1)
			c.token = nil
			time.Sleep(time.Millisecond)
		default:
			t.Errorf("writer %d: %v", c.me, err)
			return
		}
	}
}

func (c *counter) add(ctx context.Context) error {
	if c.token == nil {
		if err := c.read(ctx); err != nil {
			return err
		}
	}
	c.value[c.me]++
	token, err := c.store.Put(ctx, "k", c.value.encode(c.size), c.token)
	c.token = token
	return err
}

func (c *counter) read(ctx context.Context) error {
	obj, err := c.store.Get(ctx, "k")
	if err != nil {
		return err
	}
	c.value, c.token = make(numbers, c.writers), obj.Token
	for _, sibling := range obj.Siblings {
		c.value.merge(sibling)
	}
	c.mostSiblings.Store(max(c.mostSiblings.Load(), int64(len(obj.Siblings))))
	return nil
}

func acknowledged(counts []*counter) (all int64) {
	for _, c := range counts {
		all += c.acked.Load()
	}
	return all
}

func lost(counts []*counter) (all int64) {
	for _, c := range counts {
		all += c.lost.Load()
	}
	return all
}

// wantCounts compares the numbers under the key with what was acknowledged, and the
// siblings with the writers and the lost answers.
func wantCounts(t testing.TB, store driver.Store, counts []*counter) {
	t.Helper()
	last := &counter{store: store, writers: len(counts)}
	if err := last.read(t.Context()); err != nil {
		t.Fatal(err)
	}
	most := last.mostSiblings.Load()
	for i, c := range counts {
		most = max(most, c.mostSiblings.Load())
		acked, tried, got := c.acked.Load(), c.acked.Load()+c.lost.Load(), int64(last.value[i])
		if got < acked || got > tried {
			t.Errorf("writer %d: the number is %d, want one from %d (acknowledged) to %d (tried)", i, got, acked, tried)
		}
	}
	if limit := int64(len(counts)) + lost(counts); most > limit {
		t.Errorf("there were %d siblings, want at most %d: one of each writer, and one for each lost answer", most, limit)
	}
	t.Logf("%d puts acknowledged, %d lost, at most %d siblings", acknowledged(counts), lost(counts), most)
}
