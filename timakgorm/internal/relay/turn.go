package relay

import (
	"context"
	"errors"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// DrainTurn drains for at most five seconds; it is no error if the outbox then holds
// more. Changes that were put off stay until their time has come: each try counts, and
// retries in quick succession would soon make them dead letters.
func (r *Relay) DrainTurn(ctx context.Context) error {
	turn, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	d := &drain{Relay: r, waits: newWaits(), due: true}
	err := d.run(turn)
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// TryPutOff tries changes once that were put off, at most a batch of them: the cause
// may be gone. It is no error if they fail again.
func (r *Relay) TryPutOff(ctx context.Context) error {
	turn, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	if _, err := r.relayBatch(turn, outbox.Selection{Everything: true}); err != nil {
		r.opts.Log.WarnContext(ctx, "timak: some changes could not be applied; they are put off", "error", err)
	}
	return ctx.Err()
}

// drainTime is how long DrainTurn and TryPutOff may take.
const drainTime = 5 * time.Second
