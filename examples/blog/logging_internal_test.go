package main

import (
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"
)

// Each request is logged, as JSON if asked to; /metrics is served at its own address.
func TestLogAndMetrics(t *testing.T) {
	t.Parallel()
	blog := start(t, "-data", t.TempDir(), "-log", "json", "-metrics", "127.0.0.1:0")
	brett := blog.signUp(t, "brett")
	brett.write("post")
	brett.want(http.StatusNotFound, "GET", "/metrics", "", nil)
	var metrics string
	requests := map[string]string{}
	eventually(t, func() (bool, string) {
		for line := range strings.Lines(blog.stderr.String()) {
			var entry struct {
				Msg, Method, Route, URL string
				Status                  int
				Duration                int64
				RequestID               string `json:"request_id"`
			}
			if err := json.Unmarshal([]byte(line), &entry); err != nil {
				t.Fatalf("%v in %q", err, line)
			}
			switch {
			case entry.Msg == "blog: metrics":
				metrics = entry.URL
			case entry.Msg == "blog: request" && entry.Duration > 0 && entry.RequestID != "":
				requests[entry.Method+" "+entry.Route] = http.StatusText(entry.Status)
			}
		}
		return requests["POST /api/posts"] == "Created" && requests["GET /*"] == "Not Found", blog.stderr.String()
	})
	root, found := strings.CutSuffix(metrics, "/metrics")
	if !found {
		t.Fatalf("the log does not say where the metrics are: %s", blog.stderr)
	}
	counted := caller{t: t, url: root}.call("GET", "/metrics", "")
	for _, want := range []string{
		`blog_request_duration_seconds_count{method="POST",route="/api/posts",status="201"} 1`,
		`blog_request_duration_seconds_count{method="GET",route="/*",status="404"} 1`,
		"\ntimak_waiting 0\n", "\ntimak_dead 0\n", "\ntimak_applied_total ", "\ngo_goroutines ",
	} {
		if counted.status != http.StatusOK || !strings.Contains(counted.body, want) {
			t.Errorf("got %d %s, want %q in it", counted.status, counted.body, want)
		}
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	wantRefused(t, "choose another address with -metrics", "-data", t.TempDir(), "-metrics", taken.Addr().String())
}

func TestParseConfig_log(t *testing.T) {
	t.Parallel()
	var stdout, stderr output
	if _, err := parseConfig([]string{"-log", "xml"}, noEnv, &stdout, &stderr); err == nil || !strings.Contains(stderr.String(), "expected text or json") {
		t.Errorf("got %v, %s", err, &stderr)
	}
}
