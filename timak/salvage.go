package timak

import (
	"context"
	"errors"
	"fmt"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/wire"
)

// Salvage stores what the undamaged siblings under key say in place of all of
// them, and returns how many damaged ones it dropped: 0 says that there was
// nothing to do, and that nothing was written.
//
// What a damaged sibling said is lost, removals included. So the horizon rises
// to the present: a put from before, which one of those may have removed, comes
// back as Stale when it is replayed. The caller is to put anew what is missing,
// from the truth and with new versions; until then the timeline is short, as it
// was before to all who read it. A change from before that was stored by
// someone who had not met the damage, at the same moment, may be lost as well.
//
// Salvage may be called at any time, by several callers at once, and again
// after an error.
func (t *Timelines) Salvage(ctx context.Context, key string) (dropped int, err error) {
	dropped, err = t.salvage(ctx, key)
	if err != nil {
		return 0, fmt.Errorf("timak: salvage %q: %w", key, err)
	}
	return dropped, nil
}

func (t *Timelines) salvage(ctx context.Context, key string) (dropped int, err error) {
	s, object, err := t.read(ctx, key)
	if !errors.Is(err, ErrCorrupt) {
		return 0, err
	}
	dropped = damaged(key, object)
	s.Raise(t.opts.Clock().UnixMicro())
	value, err := wire.Encode(key, &s, !t.opts.Uncompressed)
	if err != nil {
		return 0, err
	}
	if _, err := t.store.Put(ctx, key, value, object.Token); err != nil {
		return 0, err
	}
	t.counters.wrote(value)
	return dropped, nil
}

// damaged returns how many siblings cannot be read.
func damaged(key string, object driver.Object) int {
	n := 0
	for _, value := range object.Siblings {
		if _, err := wire.Decode(key, value); err != nil {
			n++
		}
	}
	return n
}
