package blog

import (
	"context"
	"errors"

	"github.com/timak-go/timak/timakgorm"
)

// Verify compares the timelines with the tables, and repairs what differs if opts
// say so. The blog may be in use at the same time. Pending changes are applied to
// the timelines.
func (b *Blog) Verify(ctx context.Context, opts timakgorm.VerifyOptions) (timakgorm.Report, error) {
	relay, stop := context.WithCancel(ctx)
	carried := make(chan error, 1)
	go func() { carried <- b.Run(relay) }()
	report, err := b.plugin.Verify(ctx, opts)
	stop()
	return report, errors.Join(err, <-carried)
}
