package live

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/web/problem"
	"github.com/timak-go/timak/examples/blog/internal/web/request"
)

// readers counts the streams that are open, by address and by user. The zero readers are none.
type readers struct {
	mu   sync.Mutex
	open map[string]int
}

// perUser is how many streams of homes a user may have: one for each browser that shows one.
const perUser = 8

// crowded is returned if a client can have no further stream now.
var crowded = &problem.Problem{Status: http.StatusServiceUnavailable, Text: "too many pages are waiting for news: try again in a minute", Wait: 60}

// enter counts a stream until leave is called, or returns a *problem.Problem. All who come
// through a proxy have its address: so an address may have many streams, but not all.
func (l *live) enter(c echo.Context, f feed) (leave func(), err error) {
	who := map[string]int{request.Network(c): l.opts.PerAddress}
	if f.owner != 0 {
		who[fmt.Sprint("user ", f.owner)] = perUser
	}
	if !l.readers.enter(who) {
		return nil, crowded
	}
	return func() { l.readers.leave(who) }, nil
}

// enter counts one more stream for each of these, unless one has as many as it may.
func (r *readers) enter(who map[string]int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, most := range who {
		if r.open[name] >= most {
			return false
		}
	}
	if r.open == nil {
		r.open = map[string]int{}
	}
	for name := range who {
		r.open[name]++
	}
	return true
}

func (r *readers) leave(who map[string]int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name := range who {
		if r.open[name]--; r.open[name] == 0 {
			delete(r.open, name)
		}
	}
}
