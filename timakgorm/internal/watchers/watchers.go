package watchers

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
)

// ErrTooMany is returned by Watch when as many watches are open as may be.
var ErrTooMany = errors.New("timakgorm: watch: too many watches are open: try again later, or raise Options.Watches")

// Watchers are all that watch timelines in a process. All methods may be called from any
// number of goroutines.
type Watchers struct {
	opts Options
	self sender
	deaf sync.Once // says why it cannot listen

	silence time.Duration // see longestSilence

	mu    sync.Mutex
	open  int
	by    map[sum]map[*watcher]struct{} // by the keys that they watch
	heard *hearing                      // nil: nobody watches
}

// Options are what Watchers need. All are required.
type Options struct {
	DB      func() (*sql.DB, error) // the pool; an error if the plugin is not in use
	Dialect dialect.Dialect
	Max     int           // the most watches at once
	Poll    time.Duration // the time between two looks at a database that cannot notify
	Log     *slog.Logger
}

// New returns watchers, of which there are none yet.
func New(opts Options) *Watchers {
	return &Watchers{opts: opts, self: newSender(), silence: longestSilence, by: map[sum]map[*watcher]struct{}{}}
}

// Watch opens a watch of some timelines, until ctx ends. Then the channel is closed.
func (ws *Watchers) Watch(ctx context.Context, keys []string) (<-chan string, error) {
	w := newWatcher(keys)
	if !ws.add(w) {
		return nil, ErrTooMany
	}
	go func() {
		w.run(ctx)
		ws.remove(w)
		close(w.out)
	}()
	return w.out, nil
}

// Open returns how many watches are open.
func (ws *Watchers) Open() int {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return ws.open
}

func (ws *Watchers) add(w *watcher) bool {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.open >= ws.opts.Max {
		return false
	}
	ws.open++
	for key := range w.keys {
		if ws.by[key] == nil {
			ws.by[key] = map[*watcher]struct{}{}
		}
		ws.by[key][w] = struct{}{}
	}
	if ws.heard == nil {
		ws.heard = ws.hear()
	}
	return true
}

// remove removes a watch. After the last one it returns when nothing is listened for any
// more.
func (ws *Watchers) remove(w *watcher) {
	if last := ws.drop(w); last != nil {
		last.end()
	}
}

// drop returns what was listened for until now, if nobody watches any more.
func (ws *Watchers) drop(w *watcher) (last *hearing) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for key := range w.keys {
		delete(ws.by[key], w)
		if len(ws.by[key]) == 0 {
			delete(ws.by, key)
		}
	}
	if ws.open--; ws.open == 0 {
		last, ws.heard = ws.heard, nil
	}
	return last
}

// Tell tells those who watch a timeline that this process has written it. It never waits
// for them.
func (ws *Watchers) Tell(key string) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.open > 0 {
		ws.tell(sumOf(key))
	}
}

// tell tells those who watch a timeline, if mu is locked.
func (ws *Watchers) tell(key sum) {
	for w := range ws.by[key] {
		w.tell(key)
	}
}

// tellAll tells all that their timelines may have changed.
func (ws *Watchers) tellAll() {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for key := range ws.by {
		ws.tell(key)
	}
}

// tellOf tells what a note of another process says. A note that cannot be read may say
// anything.
func (ws *Watchers) tellOf(note string) {
	from, keys, ok := readNote(note)
	switch {
	case ok && from == ws.self:
	case !ok || len(keys) == 0:
		ws.tellAll()
	default:
		ws.mu.Lock()
		defer ws.mu.Unlock()
		for _, key := range keys {
			ws.tell(key)
		}
	}
}

// Notes returns what other processes are to be told, by NOTIFY, of timelines that this one
// has written.
func (ws *Watchers) Notes(keys []string) []string {
	if !ws.opts.Dialect.Lock {
		return nil
	}
	sums := map[sum]struct{}{}
	for _, key := range keys {
		sums[sumOf(key)] = struct{}{}
	}
	return notes(ws.self, slices.Sorted(maps.Keys(sums)))
}
