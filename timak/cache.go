package timak

import (
	lists "container/list"
	"sync"

	"github.com/timak-go/timak/timak/driver"
)

// cache holds what this process last wrote, or found and left as it was, by key, where the
// store proved that there was nothing else. The next write of such a key needs no
// read: if another process has written since, the token does not cover its value,
// so the store keeps both and returns no proof. Reads do not use the cache.
type cache struct {
	room int // bytes

	mu      sync.Mutex
	objects map[string]*lists.Element // of cached
	order   lists.List                // the latest used first
	used    int                       // bytes
}

type cached struct {
	key    string
	object driver.Object
	size   int
}

// overhead is roughly what an object takes in addition to its bytes.
const overhead = 200

// take removes an object from the cache and returns it. The caller goes on to write
// it, and a token is good for only one write.
func (c *cache) take(key string) (driver.Object, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element := c.objects[key]
	if element == nil {
		return driver.Object{}, false
	}
	return c.remove(element).object, true
}

// keep remembers the siblings of a key, with the token that proves that there are no
// others; none without a token.
func (c *cache) keep(key string, object driver.Object) {
	size := len(key) + len(object.Token) + overhead
	for _, value := range object.Siblings {
		size += len(value)
	}
	if object.Token == nil || size > c.room/4 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.objects[key]; old != nil {
		c.remove(old)
	}
	if c.objects == nil {
		c.objects = map[string]*lists.Element{}
	}
	c.objects[key] = c.order.PushFront(&cached{key, object, size})
	for c.used += size; c.used > c.room; {
		c.remove(c.order.Back())
	}
}

func (c *cache) remove(element *lists.Element) *cached {
	entry, _ := c.order.Remove(element).(*cached)
	delete(c.objects, entry.key)
	c.used -= entry.size
	return entry
}
