package heal

import (
	"context"
	"errors"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
)

// errOvertaken is returned for a timeline that somebody has written meanwhile.
var errOvertaken = errors.New("others have written the timeline meanwhile")

// failed lets a timeline wait that could not be healed, and logs why. Others who write, rows
// that they have locked, and a store that is away are no fault.
func (h *Healer) failed(ctx context.Context, room Room, err error) {
	away := h.opts.Outage(err)
	h.waiting.again(room, away)
	if ctx.Err() != nil {
		return
	}
	log := h.opts.Log.WarnContext
	if dialect.Contended(err) || away || errors.Is(err, errOvertaken) || errors.Is(err, timak.ErrCorrupt) {
		log = h.opts.Log.DebugContext
	}
	log(ctx, "timak: a timeline has room and could not be filled up; trying again", "key", room.Key, "error", err)
}
