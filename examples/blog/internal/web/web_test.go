package web_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/glebarez/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/web"
	"github.com/timak-go/timak/examples/blog/internal/web/limits"
	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/memstore"
)

// site is a blog whose parts a test can break.
type site struct {
	handler http.Handler
	blog    *blog.Blog
	store   *memstore.Store
	db      *gorm.DB
	logged  *strings.Builder
}

func newSite(t *testing.T, opts web.Options) site {
	t.Helper()
	db, err := gorm.Open(sqlite.Open(filepath.Join(t.TempDir(), "blog.sqlite")+"?_pragma=busy_timeout(5000)&_txlock=immediate"),
		&gorm.Config{TranslateError: true, Logger: logger.Discard})
	if err != nil {
		t.Fatal(err)
	}
	s := site{store: memstore.New(), db: db, logged: &strings.Builder{}}
	opts.Logger = slog.New(slog.NewTextHandler(s.logged, nil))
	b, err := blog.Open(t.Context(), db, timak.New(s.store, nil), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.closeDB(t) })
	relaying, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(relaying) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	s.handler, s.blog = web.New(b, &opts), b
	return s
}

func (s site) closeDB(t *testing.T) {
	t.Helper()
	pool, err := s.db.DB()
	if err != nil {
		t.Fatal(err)
	}
	if err := pool.Close(); err != nil {
		t.Fatal(err)
	}
}

// ask sends a request; headers are name, value, name, value.
func (s site) ask(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	answer := httptest.NewRecorder()
	s.handler.ServeHTTP(answer, request)
	return answer
}

const signUp = `{"name":"brett","password":"12345678"}`

func TestReady_store(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	if got := s.ask("GET", "/readyz", ""); got.Code != http.StatusOK {
		t.Errorf("got %d %s", got.Code, got.Body)
	}
	if err := s.store.Close(); err != nil {
		t.Fatal(err)
	}
	got := s.ask("GET", "/readyz", "")
	if got.Code != http.StatusServiceUnavailable || !strings.Contains(got.Body.String(), "timelines cannot be read") {
		t.Errorf("got %d %s", got.Code, got.Body)
	}
	if got := s.ask("GET", "/healthz", ""); got.Code != http.StatusOK {
		t.Errorf("healthz: got %d %s", got.Code, got.Body)
	}
}

func TestReady_database(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	s.closeDB(t)
	got := s.ask("GET", "/readyz", "")
	if got.Code != http.StatusServiceUnavailable || !strings.Contains(got.Body.String(), "database does not answer") {
		t.Errorf("got %d %s", got.Code, got.Body)
	}
}

// Internal errors are logged, and not shown to clients.
func TestErrors_inside(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	s.closeDB(t)
	for _, path := range []string{"/users/brett", "/api/users/brett/posts"} {
		got := s.ask("GET", path, "")
		if got.Code != http.StatusInternalServerError || strings.Contains(got.Body.String(), "sql") || strings.Contains(got.Body.String(), "closed") {
			t.Errorf("%s: got %d %s", path, got.Code, got.Body)
		}
	}
	if !strings.Contains(s.logged.String(), "database is closed") {
		t.Errorf("logged: %s", s.logged)
	}
}

// A write is committed even if timelines cannot be written, and does not wait long
// for them.
func TestWrite_storeDown(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	_, token, _ := strings.Cut(s.ask("POST", "/api/users", signUp).Body.String(), `"token":"`)
	token, _, _ = strings.Cut(token, `"`)
	if err := s.store.Close(); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	got := s.ask("POST", "/api/posts", `{"title":"t"}`, "Authorization", "Bearer "+token)
	if got.Code != http.StatusCreated {
		t.Errorf("got %d %s", got.Code, got.Body)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

// Attempts are counted by address, whatever the client claims its address to be,
// and other addresses are not affected.
func TestLogins_limited(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{Limits: limits.Options{LoginBurst: 5, LoginsPerSecond: 1e-9}})
	for i := range 10 {
		want := http.StatusUnauthorized
		if i >= 5 {
			want = http.StatusTooManyRequests
		}
		got := s.ask("POST", "/api/login", signUp, "X-Forwarded-For", fmt.Sprintf("10.0.0.%d", i), "X-Real-IP", fmt.Sprintf("10.0.0.%d", i))
		if got.Code != want || !strings.Contains(got.Body.String(), `"error"`) {
			t.Errorf("try %d: got %d %s, want %d", i, got.Code, got.Body, want)
		}
	}
	for _, path := range []string{"/login", "/signup"} {
		got := s.ask("POST", path, "", "Sec-Fetch-Site", "same-origin")
		if got.Code != http.StatusTooManyRequests || !strings.Contains(got.Body.String(), "<!doctype html>") {
			t.Errorf("%s: got %d %s", path, got.Code, got.Body)
		}
	}
	if got := s.ask("GET", "/api/timeline", ""); got.Code != http.StatusOK {
		t.Errorf("reading: got %d", got.Code)
	}
	other := httptest.NewRequest("POST", "/api/login", strings.NewReader(signUp))
	other.RemoteAddr = "192.0.2.99:1"
	answer := httptest.NewRecorder()
	s.handler.ServeHTTP(answer, other)
	if answer.Code != http.StatusUnauthorized {
		t.Errorf("another address: got %d", answer.Code)
	}
}

// A client that hangs up is not an error of the server.
func TestErrors_clientGone(t *testing.T) {
	t.Parallel()
	var status int
	s := newSite(t, web.Options{Count: func(_, _ string, got int, _ time.Duration) { status = got }})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/users/brett", nil))
	if s.logged.Len() > 0 || status != 499 {
		t.Errorf("got %d, logged: %s, want 499 and nothing", status, s.logged)
	}
}

// Passwords and tokens appear neither in the log nor in the database.
func TestSecrets(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	_, token, _ := strings.Cut(s.ask("POST", "/api/users", signUp).Body.String(), `"token":"`)
	token, _, _ = strings.Cut(token, `"`)
	var users []map[string]any
	var sessions []map[string]any
	if err := s.db.Table("users").Find(&users).Error; err != nil {
		t.Fatal(err)
	}
	if err := s.db.Table("sessions").Find(&sessions).Error; err != nil {
		t.Fatal(err)
	}
	stored := fmt.Sprint(users, sessions, s.logged)
	if len(users) != 1 || len(sessions) != 1 || strings.Contains(stored, "12345678") || strings.Contains(stored, token) {
		t.Errorf("stored: %s", stored)
	}
}
