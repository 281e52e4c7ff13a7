package live

import (
	"context"
	"testing"
	"time"

	"github.com/timak-go/timak/examples/blog/internal/blog"
)

// Those who have the same page of a list share a read, and nobody else does.
func TestNews_shared(t *testing.T) {
	t.Parallel()
	l, reading := &live{}, make(chan struct{})
	slow := feed{owner: 1, news: func(ctx context.Context, _ string) (blog.News, error) {
		close(reading)
		<-ctx.Done()
		return blog.News{}, ctx.Err()
	}}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	go func() { _, _ = l.news(ctx, slow, "place") }()
	<-reading
	for _, owner := range []uint{0, 2} {
		other := feed{owner: owner, news: func(context.Context, string) (blog.News, error) {
			return blog.News{Count: int(owner)}, nil
		}}
		if got, err := l.news(ctx, other, "place"); err != nil || got.Count != int(owner) {
			t.Errorf("the list of %d: got %v, %v", owner, got, err)
		}
	}
}
