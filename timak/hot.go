package timak

import (
	"cmp"
	"slices"
	"sync"
)

// hotKeys keeps the keys that were met most often in a bounded space, by the
// algorithm SpaceSaving (Metwally, Agrawal, El Abbadi, 2005): a key without a
// place takes that of the rarest and goes on from its count, so that a key met
// more often than one time in maxHotKeys is never missed.
type hotKeys struct {
	mu   sync.Mutex
	keys map[string]*HotKey
}

const (
	maxHotKeys   = 100 // followed
	shownHotKeys = 10  // reported
)

// met counts an object that had to be merged.
func (h *hotKeys) met(key string, siblings, bytes int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	k := h.place(key)
	k.Merges++
	k.Siblings = max(k.Siblings, siblings)
	k.Bytes = max(k.Bytes, bytes)
}

// place returns where key is counted.
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
