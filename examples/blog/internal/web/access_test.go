package web_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/examples/blog/internal/web"
)

// Each request leaves one line and one count, with the pattern of its route: neither names
// nor cursors nor passwords nor addresses.
func TestAccess(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	var counted []string
	s := newSite(t, web.Options{
		Access: slog.New(slog.NewJSONHandler(&log, nil)),
		Count: func(method, route string, status int, took time.Duration) {
			counted = append(counted, method+" "+route+" "+http.StatusText(status))
			if took <= 0 {
				t.Errorf("%s took %v", route, took)
			}
		},
	})
	s.ask("POST", "/api/users", signUp)
	s.ask("GET", "/users/brett?cursor=secret-cursor", "", "X-Request-Id", "from-the-proxy-1")
	s.ask("GET", "/nonsense/secret", "", "X-Request-Id", "a b\nc")
	s.ask("DELETE", "/users/brett", "")
	s.ask("GET", "/api/nonsense", "")
	s.ask("GET", "/healthz", "")
	want := "POST /api/users Created|GET /users/:name Bad Request|GET /* Not Found|DELETE /* Method Not Allowed|GET /api/* Not Found|GET /healthz OK"
	if got := strings.Join(counted, "|"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, secret := range []string{"brett", "secret", "12345678", "192.0.2.1", "a b"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%s is logged: %s", secret, &log)
		}
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != len(counted) {
		t.Fatalf("got %d lines, want %d: %s", len(lines), len(counted), &log)
	}
	ids := map[string]bool{}
	for _, line := range lines {
		var entry struct {
			Method, Route string
			Status        int
			Duration      int64
			RequestID     string `json:"request_id"`
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Method == "" || entry.Route == "" || entry.Status == 0 || entry.Duration <= 0 {
			t.Errorf("%v in %s", err, line)
		}
		ids[entry.RequestID] = true
	}
	if len(ids) != len(lines) || !ids["from-the-proxy-1"] {
		t.Errorf("got the ids %v", ids)
	}
}

// An error is logged with the id that the client gets.
func TestAccess_error(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	s.closeDB(t)
	got := s.ask("GET", "/users/brett", "")
	id := got.Header().Get("X-Request-Id")
	if got.Code != http.StatusInternalServerError || id == "" || !strings.Contains(s.logged.String(), "request_id="+id) {
		t.Errorf("got %d, id %q, logged %s", got.Code, id, s.logged)
	}
}
