package web_test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/web"
	"github.com/timak-go/timak/examples/blog/internal/web/live"
)

// A stream gives signs of life, and outlasts the times of other requests.
func TestStream_beats(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{Live: live.Options{Beat: 20 * time.Millisecond}})
	const limit = 100 * time.Millisecond
	got := s.visitor(t, "10.0.0.1").open(t, s.serveWithin(t, limit)+"/live?at=")
	for header, want := range map[string]string{
		"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no", "Set-Cookie": "",
	} {
		if value := got.header.Get(header); value != want {
			t.Errorf("%s: got %q, want %q", header, value, want)
		}
	}
	lines, beats := bufio.NewScanner(got.body), 0
	for beats < 20 && lines.Scan() { // which takes four times the limit
		if strings.HasPrefix(lines.Text(), ":") {
			beats++
		}
	}
	if beats < 20 {
		t.Errorf("the stream has ended after %d signs of life: %v", beats, lines.Err())
	}
}

// However often a list changes, it is looked at seldom.
func TestStream_rests(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{Live: live.Options{Beat: 20 * time.Millisecond, Pause: time.Hour}})
	brett := s.visitor(t, "10.0.0.1")
	brett.signUp("brett")
	lines := bufio.NewScanner(brett.open(t, s.serve(t)+"/live?at=").body)
	brett.publishes("one")
	for beats := 0; beats < 5; {
		switch {
		case !lines.Scan():
			t.Fatalf("the stream has ended: %v", lines.Err())
		case strings.HasPrefix(lines.Text(), "data:"):
			t.Fatalf("got %s at once", lines.Text())
		case strings.HasPrefix(lines.Text(), ":"):
			beats++
		}
	}
}

// A stream ends when it has lived long enough, and when the server stops: as it should, so
// that a browser or a proxy sees no error. Only then is it logged and counted.
func TestStream_ends(t *testing.T) {
	t.Parallel()
	stopping := make(chan struct{})
	for why, live := range map[string]live.Options{
		"it is old":        {Life: time.Second, Write: 500 * time.Millisecond},
		"the server stops": {Stopping: stopping},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			counted := make(chan string, 10)
			s := newSite(t, web.Options{Live: live, Count: func(method, route string, status int, took time.Duration) {
				counted <- method + " " + route + " " + http.StatusText(status)
			}})
			stream := s.visitor(t, "10.0.0.1").stream(t, s.serve(t)+"/live?at=")
			if len(counted) > 0 {
				t.Errorf("counted before its end: %s", <-counted)
			}
			if live.Stopping != nil {
				close(stopping)
			}
			stream.wantEnd(t)
			select {
			case got := <-counted:
				if got != "GET /live OK" {
					t.Errorf("counted: %s", got)
				}
			case <-time.After(patience):
				t.Error("not counted")
			}
		})
	}
}

// A stream of a home ends with its session, and says nothing any more.
func TestStream_session(t *testing.T) {
	t.Parallel()
	for why, end := range map[string]func(s site, brett *visitor){
		"log-out": func(_ site, brett *visitor) { brett.post("/logout") },
		"expiry": func(s site, _ *visitor) {
			s.db.Model(&blog.Session{}).Where("user_id = 1").Update("expires_at", time.Now().Unix()-1)
		},
		"account deleted": func(_ site, brett *visitor) {
			brett.post("/account/delete", "password", "secret-of-brett")
		},
	} {
		for told, live := range map[string]live.Options{
			"by a sign of life": {Beat: 20 * time.Millisecond},
			"by a post":         {Beat: time.Hour, Pause: time.Millisecond},
		} {
			t.Run(why+", "+told, func(t *testing.T) {
				t.Parallel()
				s := newSite(t, web.Options{Live: live})
				brett, anna := s.visitor(t, "10.0.0.1"), s.visitor(t, "10.0.0.2")
				brett.signUp("brett")
				anna.signUp("anna")
				brett.post("/users/anna/follow")
				url := s.serve(t) + "/home/live?at="
				cookies := map[string]string{"blog_session": brett.cookies["blog_session"]}
				stream, other := brett.stream(t, url), anna.stream(t, url)
				end(s, brett)
				if live.Beat == time.Hour {
					anna.publishes("one")
				}
				stream.wantEnd(t)
				late := visitor{cookies: cookies}
				if got := late.open(t, url); got.status != http.StatusNoContent {
					t.Errorf("afterwards: got %d", got.status)
				}
				anna.publishes("two")
				other.next(t)
			})
		}
	}
}

// Neither an address, nor a user, nor all together may have any number of streams; what ends
// makes room.
func TestStream_crowded(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{Live: live.Options{PerAddress: 20}})
	url := s.serve(t)
	brett, nobody := s.visitor(t, "10.0.0.1"), s.visitor(t, "10.0.0.1")
	brett.signUp("brett")
	var open []*stream
	fill := func(v *visitor, url string, most int) {
		t.Helper()
		for range most {
			open = append(open, v.stream(t, url))
		}
		wantCrowded(t, v, url)
	}
	fill(brett, url+"/home/live?at=", 8)
	fill(nobody, url+"/live?at=", 12)
	for i, stream := range slices.Backward(open) {
		if err := stream.body.Close(); err != nil {
			t.Fatal(err)
		}
		if i == 8 {
			until(t, func() bool { return watches(t, s) == 8 })
			nobody.stream(t, url+"/live?at=")
			wantCrowded(t, brett, url+"/home/live?at=")
		}
	}
	until(t, func() bool { return watches(t, s) == 1 })
	brett.stream(t, url+"/home/live?at=")
	for {
		if _, err := s.blog.WatchSite(t.Context()); err != nil {
			break
		}
	}
	if n := watches(t, s); n != blog.MaxWatches {
		t.Errorf("%d watches are open, want %d", n, blog.MaxWatches)
	}
	wantCrowded(t, nobody, url+"/live?at=")
	if s.logged.Len() > 0 {
		t.Errorf("logged: %s", s.logged)
	}
}

func wantCrowded(t *testing.T, v *visitor, url string) {
	t.Helper()
	got := v.open(t, url)
	if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") != "60" {
		t.Errorf("a further stream: got %d, Retry-After %q", got.status, got.header.Get("Retry-After"))
	}
}

// A client that does not take what it is sent is given up.
func TestStream_slow(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{}, 1)
	s := newSite(t, web.Options{
		Live:  live.Options{Beat: time.Millisecond, Write: time.Second},
		Count: func(string, string, int, time.Duration) { ended <- struct{}{} },
	})
	client, server := net.Pipe() // which has no room
	listener := &oneConn{conn: make(chan net.Conn, 1), closed: make(chan struct{})}
	listener.conn <- server
	h := &http.Server{Handler: s.handler}
	go func() { _ = h.Serve(listener) }()
	t.Cleanup(func() { _ = h.Close() })
	if _, err := client.Write([]byte("GET /live?at= HTTP/1.1\r\nHost: blog\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReaderSize(client, 16).ReadString('\n'); err != nil || line != "HTTP/1.1 200 OK\r\n" {
		t.Fatalf("got %q, %v", line, err)
	}
	select {
	case <-ended:
	case <-time.After(patience):
		t.Error("the stream goes on")
	}
	until(t, func() bool { return watches(t, s) == 0 })
}

// oneConn is a listener that accepts one connection.
type oneConn struct {
	conn   chan net.Conn
	closed chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conn:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *oneConn) Close() error {
	close(l.closed)
	return nil
}

func (l *oneConn) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

// A stream that cannot be read any more ends, and the log says why.
func TestStream_storeDown(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{Live: quick})
	url := s.serve(t)
	nobody := s.visitor(t, "10.0.0.1")
	stream := nobody.stream(t, url+"/live?at=")
	if err := s.store.Close(); err != nil {
		t.Fatal(err)
	}
	if got := nobody.open(t, url+"/live?at="); got.status != http.StatusInternalServerError {
		t.Errorf("a new stream: got %d", got.status)
	}
	s.db.Exec("CREATE TABLE something (id int)") // which looks like a change
	stream.wantEnd(t)
	if want := `msg="blog: a stream was ended" route=/live error="`; !strings.Contains(s.logged.String(), want) {
		t.Errorf("logged: %s, want %s", s.logged, want)
	}
}

// A HEAD request gets the head of a stream, and no stream.
func TestStream_head(t *testing.T) {
	t.Parallel()
	counted := make(chan int, 10)
	s := newSite(t, web.Options{Count: func(_, _ string, status int, _ time.Duration) { counted <- status }})
	url := s.serve(t)
	for path, want := range map[string]int{"/live": http.StatusOK, "/live?at=nonsense": http.StatusBadRequest, "/home/live": http.StatusNoContent} {
		answer, err := http.Head(url + path)
		if err != nil {
			t.Fatal(err)
		}
		if err := answer.Body.Close(); err != nil || answer.StatusCode != want {
			t.Errorf("HEAD %s: got %s, %v, want %d", path, answer.Status, err, want)
		}
		if got := answer.Header.Get("Content-Type"); want == http.StatusOK && got != "text/event-stream" {
			t.Errorf("HEAD %s: got the type %s", path, got)
		}
		select {
		case <-counted:
		case <-time.After(patience):
			t.Errorf("HEAD %s has not ended", path)
		}
	}
}

// watches returns how many watches of lists are open.
func watches(t *testing.T, s site) int64 {
	t.Helper()
	stats, err := s.blog.Stats(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return stats.Watches
}

// until waits until something is so.
func until(t *testing.T, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not so after %v", patience)
		}
	}
}
