package blog

import (
	"context"
	"log/slog"
	"sync/atomic"

	"github.com/timak-go/timak/timakgorm"
)

// AcceptStore says that the timelines are being moved to the store: it has none of the
// marks that were set in the one before, which is no loss. What it loses from now on is
// one.
func (b *Blog) AcceptStore(ctx context.Context) error {
	b.moving.Store(true) // or else the log would call the move a loss
	defer b.moving.Store(false)
	return b.plugin.AcceptStore(ctx)
}

// Lost reports whether the store is known to have lost timelines.
func (b *Blog) Lost(ctx context.Context) (bool, error) {
	stats, err := b.plugin.Stats(ctx)
	return stats.Lost > 0, err
}

// Stats says how far the timelines are behind.
func (b *Blog) Stats(ctx context.Context) (timakgorm.Stats, error) { return b.plugin.Stats(ctx) }

// hushed is a handler that drops everything while it is quiet.
type hushed struct {
	slog.Handler
	quiet *atomic.Bool
}

func (h hushed) Enabled(ctx context.Context, level slog.Level) bool {
	return !h.quiet.Load() && h.Handler.Enabled(ctx, level)
}

func (h hushed) WithAttrs(attrs []slog.Attr) slog.Handler {
	return hushed{h.Handler.WithAttrs(attrs), h.quiet}
}

func (h hushed) WithGroup(name string) slog.Handler {
	return hushed{h.Handler.WithGroup(name), h.quiet}
}
