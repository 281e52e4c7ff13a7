package relay

import (
	"context"
	"errors"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// DrainTurn drains for a while; that the outbox holds more is no error. What was
// put off stays until its time has come: each try counts, and what is tried in
// haste is a dead letter soon.
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

// TryPutOff tries once what was put off, or as much of it as makes a batch: what
// it was put off for may have been mended. What fails again is no error.
func (r *Relay) TryPutOff(ctx context.Context) error {
	turn, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	if _, err := r.relayBatch(turn, outbox.Selection{Everything: true}); err != nil {
		r.opts.Log.WarnContext(ctx, "timak: some changes could not be applied; they are put off", "error", err)
	}
	return ctx.Err()
}

// drainTime is how long a turn may take.
const drainTime = 5 * time.Second
