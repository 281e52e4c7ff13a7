package feedmix_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/pgtest"
	"github.com/timak-go/timak/timakgorm/internal/feedmix"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/feed"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/pages"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/timelines"
)

// spoiled is a side on which somebody meddles with a timeline whenever it has settled.
type spoiled struct {
	*timelines.Side

	spoil func(ctx context.Context, side *timelines.Side) error
}

func (s spoiled) Settle(ctx context.Context) error {
	return errors.Join(s.Side.Settle(ctx), s.spoil(ctx, s.Side))
}

const spoiledKey = "user:1:home"

// firstOf returns the newest item of the timeline.
func firstOf(ctx context.Context, side *timelines.Side) (timak.Item, error) {
	page, err := side.Timelines.Page(ctx, spoiledKey, timak.Query{Limit: 1})
	if err == nil && len(page.Items) == 0 {
		err = fmt.Errorf("%s is empty", spoiledKey)
	}
	if err != nil {
		return timak.Item{}, err
	}
	return page.Items[0], nil
}

// TestRun_wrongPages: a run fails if one item of one timeline is not as it should be.
func TestRun_wrongPages(t *testing.T) {
	t.Parallel()
	remove := func(ctx context.Context, side *timelines.Side, first timak.Item) error {
		_, err := side.Timelines.Delete(ctx, spoiledKey, first.ID)
		return err
	}
	add := func(spoil func(item *timak.Item)) func(ctx context.Context, side *timelines.Side, first timak.Item) error {
		return func(ctx context.Context, side *timelines.Side, first timak.Item) error {
			spoil(&first)
			_, err := side.Timelines.Add(ctx, spoiledKey, first)
			return err
		}
	}
	for _, tt := range []struct {
		name  string
		spoil func(ctx context.Context, side *timelines.Side, first timak.Item) error
		want  pages.Wrong // but for Pages, Wrong and Example
		loose bool
	}{
		{"missing", remove, pages.Wrong{Missing: 1}, false},
		{"missing, of a side that may", remove, pages.Wrong{Missing: 1}, true},
		{"extra", add(func(item *timak.Item) { item.ID = "posts:999999999" }), pages.Wrong{Extra: 1}, false},
		{"stale", add(func(item *timak.Item) { item.Data = []byte(`{"body":"another"}`) }), pages.Wrong{Stale: 1}, false},
		{"out of order", add(func(item *timak.Item) { item.At = item.At.Add(-29 * 24 * time.Hour) }), pages.Wrong{Disordered: 1, Stale: 1}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := small
			cfg.Mixes, cfg.Time, cfg.Turns, cfg.Scale = []string{"A"}, 100*time.Millisecond, 1, 0.0005
			entry := feedmix.Entry{Name: "spoiled", Loose: tt.loose, Open: func(ctx context.Context, dsn string) (feed.Side, error) {
				side, err := openTimak(ctx, t, dsn, cfg.Capacity)
				return spoiled{side, func(ctx context.Context, side *timelines.Side) error {
					first, err := firstOf(ctx, side)
					return errors.Join(err, tt.spoil(ctx, side, first))
				}}, err
			}}
			report, err := feedmix.Run(t.Context(), cfg, []feedmix.Entry{entry}, func() string { return pgtest.DSN(t) }, func(string) {})
			if errors.Is(err, feedmix.ErrWrongPages) == tt.loose || report == nil {
				t.Fatalf("got %v, want %v if the side must have none", err, feedmix.ErrWrongPages)
			}
			got := report.Wrong(entry.Name)
			if got.Wrong < 1 || got.Example == "" {
				t.Errorf("got %+v, want a wrong page", got)
			}
			got.Pages, got.Wrong, got.Example = 0, 0, ""
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}
