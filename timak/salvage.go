package timak

import (
	"context"
	"errors"
	"fmt"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/wire"
)

// Salvage replaces all siblings under key with what the undamaged ones say, and
// returns how many damaged ones it dropped. 0 means that there was nothing to do
// and nothing was written.
//
// What the damaged siblings said is lost, removals included. So the horizon rises
// to the present: an older put, which a lost removal may have covered, is Stale
// when it is replayed. The caller must put what is missing again, from the source
// of truth and with new versions; until then the timeline stays as short as it
// already was for its readers. A floor that only damaged siblings knew is lost, too: see
// PageThrough. An older change that another writer, unaware of the
// damage, stores at the same moment may be lost as well.
//
// Salvage may be called at any time, by several callers at once, and again after an
// error.
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

// damaged returns how many siblings are unreadable.
func damaged(key string, object driver.Object) int {
	n := 0
	for _, value := range object.Siblings {
		if _, err := wire.Decode(key, value); err != nil {
			n++
		}
	}
	return n
}
