package feedmix_test

import (
	"context"
	"strings"
	"testing"

	"github.com/timak-go/timak/timak/pgtest"
	"github.com/timak-go/timak/timakgorm/internal/feedmix"
)

// TestRun_refuses what cannot be measured, before it opens anything.
func TestRun_refuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(cfg *feedmix.Config)
		want   string
	}{
		{"few users", func(cfg *feedmix.Config) { cfg.Scale = 0.0004 }, "expected at least 0.0005, which is 50 users"},
		{"no users", func(cfg *feedmix.Config) { cfg.Scale = -1 }, "expected at least 0.0005"},
		{"no mix", func(cfg *feedmix.Config) { cfg.Mixes = nil }, "expected at least one of each"},
		{"no rate", func(cfg *feedmix.Config) { cfg.Rates = nil }, "expected at least one of each"},
		{"another mix", func(cfg *feedmix.Config) { cfg.Mixes = []string{"A", "C"} }, `no mix "C": expected one of A, B`},
		{"a rate of 0", func(cfg *feedmix.Config) { cfg.Rates = []float64{10, 0} }, "expected more than 0 operations a second"},
		{"no time", func(cfg *feedmix.Config) { cfg.Time = 0 }, "expected a time"},
		{"no turns", func(cfg *feedmix.Config) { cfg.Turns = 0 }, "expected a time, turns"},
		{"half a page kept", func(cfg *feedmix.Config) { cfg.Capacity = 30 }, "a capacity of whole pages of 20"},
		{"no posts", func(cfg *feedmix.Config) { cfg.Posts = 0 }, "expected a time, turns, posts"},
		{"nobody checked", func(cfg *feedmix.Config) { cfg.Checked = 0 }, "users to check above 0"},
	} {
		cfg := small
		tt.change(&cfg)
		entry := feedmix.Entry{Name: "none", Open: func(context.Context, string) (feedmix.Side, error) {
			t.Errorf("%s: a side was opened", tt.name)
			return nil, context.Canceled
		}}
		_, err := feedmix.Run(t.Context(), cfg, []feedmix.Entry{entry}, func() string { return "" }, func(string) {})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want an error with %q", tt.name, err, tt.want)
		}
	}
}

// TestNewRedis_away: the error names the address.
func TestNewRedis_away(t *testing.T) {
	t.Parallel()
	_, err := feedmix.NewRedis(t.Context(), pgtest.DSN(t), "127.0.0.1:1", 1000)
	if err == nil || !strings.Contains(err.Error(), "feedmix: Redis at 127.0.0.1:1: ") {
		t.Errorf("got %v, want an error that names the address", err)
	}
}
