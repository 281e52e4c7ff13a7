package metrics_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/examples/blog/internal/metrics"
	"github.com/timak-go/timak/timakgorm"
)

// While the database is away, what is known without it is still there.
func TestMetrics_databaseDown(t *testing.T) {
	t.Parallel()
	m := metrics.New(func(context.Context) (timakgorm.Stats, error) {
		return timakgorm.Stats{}, errors.New("database is away")
	})
	m.Request(http.MethodGet, "/", http.StatusInternalServerError, time.Second)
	answer := httptest.NewRecorder()
	m.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	got := answer.Body.String()
	if answer.Code != http.StatusOK || strings.Contains(got, "timak_waiting") {
		t.Errorf("got %d: %s", answer.Code, got)
	}
	for _, want := range []string{`blog_request_duration_seconds_count{method="GET",route="/",status="500"} 1`, "go_goroutines"} {
		if !strings.Contains(got, want) {
			t.Errorf("got %s, want %s in it", got, want)
		}
	}
}
