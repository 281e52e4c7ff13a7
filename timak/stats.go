package timak

import (
	"sync/atomic"

	"github.com/timak-go/timak/timak/driver"
)

// Stats count what an engine, with all that Bounded made of it, has met since
// New. Siblings/Reads much above 1 means that writers meet on the same keys, and
// Hot says on which.
type Stats struct {
	Reads     int64 // fetches from the store: those of pages, and one for every write
	Siblings  int64 // siblings that they met
	BytesRead int64 // bytes of all these siblings
	MostBytes int64 // bytes of the largest object, over all its siblings
	Merges    int64 // fetches that met more than one sibling

	Writes       int64 // values stored by changes
	BytesWritten int64 // bytes of these values

	Repairs       int64 // merged values stored after a read
	FailedRepairs int64 // merged values that the store did not take; a later read or write does it

	// Hot are the keys whose siblings had to be merged most often, the most
	// frequent first: at most ten.
	Hot []HotKey
}

// HotKey is a key on which writers meet.
type HotKey struct {
	Key      string
	Merges   int64 // fetches that met several siblings; too high, if anything, among very many such keys
	Siblings int   // the most siblings met at once
	Bytes    int   // the most bytes met at once, over all siblings
}

// Stats returns what has been counted so far. The numbers are each right, and
// not all of the same moment.
func (t *Timelines) Stats() Stats {
	c := t.counters
	return Stats{
		Reads:         c.reads.Load(),
		Siblings:      c.siblings.Load(),
		BytesRead:     c.bytesRead.Load(),
		MostBytes:     c.mostBytes.Load(),
		Merges:        c.merges.Load(),
		Writes:        c.writes.Load(),
		BytesWritten:  c.bytesWritten.Load(),
		Repairs:       c.repairs.Load(),
		FailedRepairs: c.failedRepairs.Load(),
		Hot:           c.hot.top(),
	}
}

// counters are Stats in the making.
type counters struct {
	reads, siblings, bytesRead, mostBytes, merges atomic.Int64
	writes, bytesWritten                          atomic.Int64
	repairs, failedRepairs                        atomic.Int64
	hot                                           hotKeys
}

func (c *counters) read(key string, object driver.Object) {
	size := 0
	for _, sibling := range object.Siblings {
		size += len(sibling)
	}
	c.reads.Add(1)
	c.siblings.Add(int64(len(object.Siblings)))
	c.bytesRead.Add(int64(size))
	raise(&c.mostBytes, int64(size))
	if len(object.Siblings) > 1 {
		c.merges.Add(1)
		c.hot.met(key, len(object.Siblings), size)
	}
}

func (c *counters) wrote(value []byte) {
	c.writes.Add(1)
	c.bytesWritten.Add(int64(len(value)))
}

// raise sets the number to value if that is higher.
func raise(number *atomic.Int64, value int64) {
	for {
		old := number.Load()
		if old >= value || number.CompareAndSwap(old, value) {
			return
		}
	}
}
