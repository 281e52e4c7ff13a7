package live

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/tmaxmax/go-sse"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/web/problem"
)

// stream tells one client of the news of a list, by server-sent events. An event has how many
// posts are newer than the page that the client has, and the cursor of the newest of them as
// its id. Nothing is kept for a client that is slow: an event has what is so when it is sent.
type stream struct {
	live    *live
	feed    feed
	place   string    // of the client's page
	sent    blog.News // what the client knows
	changes <-chan string
	answer  *echo.Response
	control *http.ResponseController
}

// stream answers with a stream, until it has lived long enough, the client goes, or may not
// read the list any more.
func (l *live) stream(c echo.Context, f feed, place string) error {
	if c.Request().Method == http.MethodHead {
		return l.head(c, f, place)
	}
	leave, err := l.enter(c, f)
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(c.Request().Context(), around(l.opts.Life))
	defer cancel()
	changes, err := f.watch(ctx)
	if errors.Is(err, blog.ErrWatches) {
		return crowded
	}
	if err != nil {
		return err
	}
	s := &stream{live: l, feed: f, place: place, changes: changes, answer: c.Response(), control: http.NewResponseController(c.Response().Writer)}
	first, err := s.first(ctx)
	if err != nil {
		return err
	}
	known := cmp.Or(c.Request().Header.Get("Last-Event-ID"), place)
	if err := s.run(ctx, first, known); err != nil && c.Request().Context().Err() == nil && !errors.Is(err, problem.ErrGone) {
		l.log.WarnContext(ctx, "blog: a stream was ended", "route", c.Path(), "error", err,
			"request_id", c.Response().Header().Get(echo.HeaderXRequestID))
	}
	return nil
}

// head answers as a stream would, without one.
func (l *live) head(c echo.Context, f feed, place string) error {
	if _, err := l.news(c.Request().Context(), f, place); err != nil {
		return err
	}
	streamHeaders(c.Response().Header())
	return c.NoContent(http.StatusOK)
}

func streamHeaders(h http.Header) {
	h.Set(echo.HeaderContentType, "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // nginx would wait for more
}

// around returns a duration, give or take a tenth: so what began together does not end
// together.
func around(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.9 + 0.2*rand.Float64()))
}

// first reads the news that there is at the beginning. It comes after the first change, which
// every list has at once: so what changes later is told.
func (s *stream) first(ctx context.Context) (blog.News, error) {
	select {
	case <-s.changes:
		return s.live.news(ctx, s.feed, s.place)
	case <-ctx.Done():
		return blog.News{}, ctx.Err()
	}
}

// run tells of news until ctx ends, beginning with the first unless the client knows its place.
func (s *stream) run(ctx context.Context, first blog.News, known string) error {
	defer s.hurry() //nolint:errcheck // for the end of the answer
	if err := s.begin(first, known); err != nil {
		return err
	}
	beat := time.NewTicker(s.live.opts.Beat)
	defer beat.Stop()
	changes, rested := (<-chan string)(nil), time.After(s.live.opts.Pause)
	for {
		var err error
		select {
		case <-changes:
			err = s.look(ctx)
			changes, rested = nil, time.After(s.live.opts.Pause)
		case <-rested:
			changes, rested = s.changes, nil
		case <-beat.C:
			err = s.beat(ctx)
		case <-s.live.opts.Stopping:
			return nil
		case <-ctx.Done():
			return nil
		}
		if errors.Is(err, blog.ErrSession) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// begin sends the head of the answer, and how soon a browser may connect again.
func (s *stream) begin(first blog.News, known string) error {
	streamHeaders(s.answer.Header())
	if err := s.send(&sse.Message{Retry: 2*time.Second + rand.N(4*time.Second)}); err != nil {
		return err
	}
	s.sent = first
	if first.Place == known {
		return nil
	}
	return s.tell(first)
}

// look tells what is new, if it is not what was sent.
func (s *stream) look(ctx context.Context) error {
	if err := s.feed.open(ctx); err != nil {
		return err
	}
	found, err := s.live.news(ctx, s.feed, s.place)
	if err != nil || found == s.sent {
		return err
	}
	return s.tell(found)
}

func (s *stream) tell(found blog.News) error {
	text, err := json.Marshal(told(found))
	if err != nil {
		return err
	}
	m := &sse.Message{ID: sse.ID(found.Place)}
	m.AppendData(string(text))
	s.sent = found
	return s.send(m)
}

// beat sends a sign of life.
func (s *stream) beat(ctx context.Context) error {
	if err := s.feed.open(ctx); err != nil {
		return err
	}
	m := &sse.Message{}
	m.AppendComment("here")
	return s.send(m)
}

// send returns problem.ErrGone if the client does not take what is sent.
func (s *stream) send(m *sse.Message) error {
	if err := s.write(m); err != nil {
		return fmt.Errorf("%w: %w", problem.ErrGone, err)
	}
	return nil
}

func (s *stream) write(m *sse.Message) error {
	if err := s.hurry(); err != nil {
		return err
	}
	if _, err := m.WriteTo(s.answer); err != nil {
		return err
	}
	return s.control.Flush()
}

// hurry gives the next write its time, whatever that of other answers is.
func (s *stream) hurry() error {
	return s.control.SetWriteDeadline(time.Now().Add(s.live.opts.Write))
}
