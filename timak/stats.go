package timak

import (
	"sync/atomic"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/wire"
)

// Stats counts what an engine, together with all that Bounded made from it, has met
// since New. Siblings/Reads well above 1 means that writers meet on the same keys;
// Hot says on which.
type Stats struct {
	Reads     int64 // fetches from the store, by reads and writes alike
	Siblings  int64 // siblings that these fetches met, without additions
	BytesRead int64 // bytes of all these siblings, and of additions
	MostBytes int64 // bytes of the largest object, over all that it holds
	Merges    int64 // fetches that met more than one such sibling

	Writes       int64 // values stored by changes
	Additions    int64 // of these, how many were added to a timeline and did not replace it
	BytesWritten int64 // bytes of these values

	Repairs       int64 // merged values stored after a read
	FailedRepairs int64 // merged values that the store did not accept; a later read or write retries

	// Hot lists the keys whose siblings had to be merged most often, the most
	// frequent first; at most ten.
	Hot []HotKey
}

// HotKey is a key on which writers meet.
type HotKey struct {
	Key      string
	Merges   int64 // fetches that met several siblings; may be too high if there are very many such keys
	Siblings int   // the most siblings met at once
	Bytes    int   // the most bytes met at once, over all siblings
}

// Stats returns the counts so far. Each number is exact, but they are not all of
// the same moment.
func (t *Timelines) Stats() Stats {
	c := t.counters
	return Stats{
		Reads:         c.reads.Load(),
		Siblings:      c.siblings.Load(),
		BytesRead:     c.bytesRead.Load(),
		MostBytes:     c.mostBytes.Load(),
		Merges:        c.merges.Load(),
		Writes:        c.writes.Load(),
		Additions:     c.additions.Load(),
		BytesWritten:  c.bytesWritten.Load(),
		Repairs:       c.repairs.Load(),
		FailedRepairs: c.failedRepairs.Load(),
		Hot:           c.hot.top(),
	}
}

// counters are Stats in progress.
type counters struct {
	reads, siblings, bytesRead, mostBytes, merges atomic.Int64
	writes, additions, bytesWritten               atomic.Int64
	repairs, failedRepairs                        atomic.Int64
	hot                                           hotKeys
}

func (c *counters) read(key string, object driver.Object) {
	size, siblings := 0, 0
	for _, sibling := range object.Siblings {
		size += len(sibling)
		if !wire.IsAddition(sibling) {
			siblings++
		}
	}
	c.reads.Add(1)
	c.siblings.Add(int64(siblings))
	c.bytesRead.Add(int64(size))
	raise(&c.mostBytes, int64(size))
	if siblings > 1 {
		c.merges.Add(1)
		c.hot.met(key, siblings, size)
	}
}

func (c *counters) wrote(value []byte) {
	c.writes.Add(1)
	c.bytesWritten.Add(int64(len(value)))
}

// raise sets number to value if value is higher.
func raise(number *atomic.Int64, value int64) {
	for {
		old := number.Load()
		if old >= value || number.CompareAndSwap(old, value) {
			return
		}
	}
}
