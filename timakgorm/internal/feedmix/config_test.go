package feedmix_test

import (
	"context"
	"strings"
	"testing"

	"github.com/timak-go/timak/timakgorm/internal/feedmix"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/feed"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/script"
)

// TestRun_refuses what cannot be measured, before it opens anything.
func TestRun_refuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(cfg *script.Config)
		want   string
	}{
		{"few users", func(cfg *script.Config) { cfg.Scale = 0.0004 }, "expected at least 0.0005, which is 50 users"},
		{"no users", func(cfg *script.Config) { cfg.Scale = -1 }, "expected at least 0.0005"},
		{"no mix", func(cfg *script.Config) { cfg.Mixes = nil }, "expected at least one of each"},
		{"no rate", func(cfg *script.Config) { cfg.Rates = nil }, "expected at least one of each"},
		{"another mix", func(cfg *script.Config) { cfg.Mixes = []string{"A", "C"} }, `no mix "C": expected one of A, B`},
		{"a rate of 0", func(cfg *script.Config) { cfg.Rates = []float64{10, 0} }, "expected more than 0 operations a second"},
		{"no time", func(cfg *script.Config) { cfg.Time = 0 }, "expected a time"},
		{"no turns", func(cfg *script.Config) { cfg.Turns = 0 }, "expected a time, turns"},
		{"half a page kept", func(cfg *script.Config) { cfg.Capacity = 30 }, "a capacity of whole pages of 20"},
		{"no posts", func(cfg *script.Config) { cfg.Posts = 0 }, "expected a time, turns, posts"},
		{"nobody checked", func(cfg *script.Config) { cfg.Checked = 0 }, "users to check above 0"},
	} {
		cfg := small
		tt.change(&cfg)
		entry := feedmix.Entry{Name: "none", Open: func(context.Context, string) (feed.Side, error) {
			t.Errorf("%s: a side was opened", tt.name)
			return nil, context.Canceled
		}}
		_, err := feedmix.Run(t.Context(), cfg, []feedmix.Entry{entry}, func() string { return "" }, func(string) {})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want an error with %q", tt.name, err, tt.want)
		}
	}
}
