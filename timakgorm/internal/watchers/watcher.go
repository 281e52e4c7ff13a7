package watchers

import (
	"context"
	"slices"
	"sync"
)

// watcher is one watch of some timelines. What has changed while its reader is busy is told
// once for each timeline.
type watcher struct {
	keys map[sum][]string
	out  chan string
	wake chan struct{} // holds a value if something has changed

	mu      sync.Mutex
	changed map[sum]struct{}
}

// newWatcher returns a watch for which everything has changed.
func newWatcher(keys []string) *watcher {
	w := &watcher{keys: map[sum][]string{}, out: make(chan string), wake: make(chan struct{}, 1), changed: map[sum]struct{}{}}
	for _, key := range keys {
		s := sumOf(key)
		if !slices.Contains(w.keys[s], key) {
			w.keys[s] = append(w.keys[s], key)
		}
		w.tell(s)
	}
	return w
}

// tell notes that a timeline has changed. It never waits.
func (w *watcher) tell(key sum) {
	w.mu.Lock()
	w.changed[key] = struct{}{}
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// take returns what has changed since the last time.
func (w *watcher) take() map[sum]struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	changed := w.changed
	w.changed = map[sum]struct{}{}
	return changed
}

// run passes on what has changed until ctx ends.
func (w *watcher) run(ctx context.Context) {
	for {
		select {
		case <-w.wake:
		case <-ctx.Done():
			return
		}
		for key := range w.take() {
			if !w.pass(ctx, w.keys[key]) {
				return
			}
		}
	}
}

// pass reports whether the reader has taken some keys before the end of ctx.
func (w *watcher) pass(ctx context.Context, keys []string) bool {
	for _, key := range keys {
		select {
		case w.out <- key:
		case <-ctx.Done():
			return false
		}
	}
	return true
}
