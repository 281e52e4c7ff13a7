// Package metrics counts a blog's requests, and how far its timelines are behind, for
// Prometheus.
package metrics

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/timak-go/timak/timakgorm"
)

// Metrics are a blog's. They are for use by any number of goroutines.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
}

// New returns metrics. They ask stats for the state of the timelines whenever they are read.
func New(stats func(context.Context) (timakgorm.Stats, error)) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "blog_request_duration_seconds",
			Help:    "How long requests took.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"method", "route", "status"}),
	}
	m.registry.MustRegister(
		m.requests, newTimelines(stats),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Request counts a request. The route is a pattern: of these there are not many.
func (m *Metrics) Request(method, route string, status int, took time.Duration) {
	m.requests.WithLabelValues(known(method), route, strconv.Itoa(status)).Observe(took.Seconds())
}

var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// known returns the method, or one word for all that clients may invent.
func known(method string) string {
	if slices.Contains(methods, method) {
		return method
	}
	return "other"
}

// ServeHTTP answers with the metrics: if the outbox cannot be read, with all others.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Timeout: readTime, ErrorHandling: promhttp.ContinueOnError}).ServeHTTP(w, r)
}

// readTime is how long the metrics may take.
const readTime = 5 * time.Second
