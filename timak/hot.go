package timak

import (
	"cmp"
	"slices"
	"sync"
)

// hotKeys counts the keys met most often, in bounded space, by the SpaceSaving
// algorithm (Metwally, Agrawal, El Abbadi, 2005): a key without a slot takes over
// that of the rarest key and goes on from its count. A key that makes up more than
// one in maxHotKeys of all merges is never missed.
type hotKeys struct {
	mu   sync.Mutex
	keys map[string]*HotKey
}

const (
	maxHotKeys   = 100 // followed
	shownHotKeys = 10  // reported
)

// met counts a fetch that had to merge siblings.
func (h *hotKeys) met(key string, siblings, bytes int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	k := h.place(key)
	k.Merges++
	k.Siblings = max(k.Siblings, siblings)
	k.Bytes = max(k.Bytes, bytes)
}

// place returns the counter of key.
func (h *hotKeys) place(key string) *HotKey {
	if k := h.keys[key]; k != nil {
		return k
	}
	k := &HotKey{Key: key}
	if len(h.keys) == maxHotKeys {
		rarest := h.rarest()
		k.Merges = rarest.Merges
		delete(h.keys, rarest.Key)
	}
	if h.keys == nil {
		h.keys = make(map[string]*HotKey, maxHotKeys)
	}
	h.keys[key] = k
	return k
}

func (h *hotKeys) rarest() *HotKey {
	var rarest *HotKey
	for _, k := range h.keys {
		if rarest == nil || k.Merges < rarest.Merges {
			rarest = k
		}
	}
	return rarest
}

// top returns the keys met most often.
func (h *hotKeys) top() []HotKey {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []HotKey
	for _, k := range h.keys {
		all = append(all, *k)
	}
	slices.SortFunc(all, func(a, b HotKey) int {
		return cmp.Or(cmp.Compare(b.Merges, a.Merges), cmp.Compare(a.Key, b.Key))
	})
	return all[:min(len(all), shownHotKeys)]
}
