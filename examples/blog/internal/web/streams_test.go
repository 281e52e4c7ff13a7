package web_test

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/tmaxmax/go-sse"
)

// patience is how long a test waits for what must happen, on a busy machine.
const patience = time.Minute

// serve serves the site over HTTP, and returns its URL.
func (s site) serve(t *testing.T) string { return s.serveWithin(t, 0) }

// serveWithin serves the site with a time in which answers must be written; 0 is any.
func (s site) serveWithin(t *testing.T, limit time.Duration) string {
	t.Helper()
	server := httptest.NewUnstartedServer(s.handler)
	server.Config.WriteTimeout = limit
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}

// opened is an answer that need not have an end.
type opened struct {
	status int
	header http.Header
	body   io.ReadCloser
}

// open asks for a stream as the browser of a visitor does; headers are name, value.
func (v *visitor) open(t *testing.T, url string, headers ...string) opened {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range v.cookies {
		request.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return opened{response.StatusCode, response.Header, response.Body}
}

// stream is a stream as a browser reads it.
type stream struct {
	opened

	pull func() (sse.Event, error, bool)
}

// news is what an event says.
type news struct {
	Count int
	More  bool
}

// stream opens a stream.
func (v *visitor) stream(t *testing.T, url string, headers ...string) *stream {
	t.Helper()
	got := v.open(t, url, headers...)
	if got.status != http.StatusOK {
		t.Fatalf("%s: got %d", url, got.status)
	}
	pull, stop := iter.Pull2(sse.Read(got.body, nil))
	t.Cleanup(func() {
		_ = got.body.Close()
		stop()
	})
	return &stream{got, pull}
}

// next waits for the next event.
func (s *stream) next(t *testing.T) (id string, said news) {
	t.Helper()
	event, err, ok := s.pull()
	if !ok || err != nil {
		t.Fatalf("the stream has ended: %v", err)
	}
	if err := json.Unmarshal([]byte(event.Data), &said); err != nil {
		t.Fatalf("%v in %q", err, event.Data)
	}
	return event.LastEventID, said
}

// want fails the test unless the next event says so many, and returns its cursor.
func (s *stream) want(t *testing.T, count int) string {
	t.Helper()
	id, got := s.next(t)
	if got != (news{Count: count}) {
		t.Errorf("got %+v, want %d", got, count)
	}
	return id
}

// wantEnd fails the test unless the stream ends as it should, without another event.
func (s *stream) wantEnd(t *testing.T) {
	t.Helper()
	if event, err, more := s.pull(); more {
		t.Errorf("got %+v, %v; want the end", event, err)
	}
}
