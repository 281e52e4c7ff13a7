package heal

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm/internal/audience"
	"github.com/timak-go/timak/timakgorm/internal/beyond"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
)

// Healer heals timelines whose items come from the tables of one database. Its methods may
// be called from any number of goroutines.
type Healer struct {
	timelines *timak.Timelines
	tables    *dialect.Tables
	audiences *audience.Audiences
	beyond    *beyond.Beyond
	opts      Options
	waiting   waiting
}

// Options are what a Healer needs of those who use it. All are required.
type Options struct {
	AtOnce func() int                 // how many timelines are healed concurrently
	Wrote  func(ops int, healed bool) // counts a write
	Outage func(error) bool           // whether an error says that the store is away
	Log    *slog.Logger
}

// New returns a Healer of timelines whose items come from the tables ts.
func New(timelines *timak.Timelines, ts *dialect.Tables, audiences *audience.Audiences, opts Options) *Healer {
	return &Healer{timelines: timelines, tables: ts, audiences: audiences, beyond: beyond.New(timelines, ts, audiences), opts: opts}
}

// Room is a timeline that has got room for items which it lacks.
type Room struct {
	Key   string
	Items int // for so many, as far as is known

	tries int // that came to nothing
}

// most is how many timelines are healed at a time: those with the most room. The others
// wait until there is nothing else to do.
const most = 32

// Part is the part of its capacity that a timeline has room for before it is healed, if
// that is dear: it loses items together with others, as one post that goes from a hundred
// thousand feeds is not worth as many looks at the tables; or the last look has read
// over dearRows, as the database does not order them.
const (
	Part     = 16
	dearRows = 12_000
)

// mostItems is how many items a timeline gets back at a time.
const mostItems = 1000

// Heal brings items back to timelines that have got room for them, or lets them wait. It
// returns the keys of those that were written. No change of a row depends on it, so it
// returns no error.
func (h *Healer) Heal(ctx context.Context, o *outbox.Outbox, rooms []Room) (written []string) {
	some, others := first(h.waiting.without(rooms))
	h.Wait(others...)
	return h.heal(ctx, o, some)
}

// Wait lets timelines wait to be healed by Next.
func (h *Healer) Wait(rooms ...Room) { h.waiting.put(rooms...) }

// Next heals some of the timelines that wait for it. It returns how many, and the keys of
// those that were written.
func (h *Healer) Next(ctx context.Context, o *outbox.Outbox) (n int, written []string) {
	some := h.waiting.take()
	return len(some), h.heal(ctx, o, some)
}

// healing is a timeline that is healed.
type healing struct {
	Room

	healer   *Healer
	outbox   *outbox.Outbox
	capacity int
	ops      []timak.Op
	rows     int // that were read for them
	wrote    bool
	err      error
}

func (h *Healer) heal(ctx context.Context, o *outbox.Outbox, rooms []Room) (written []string) {
	var all []*healing
	for _, room := range rooms {
		if capacity, may := h.capacity(room.Key); may {
			all = append(all, &healing{Room: room, healer: h, outbox: o, capacity: capacity})
		}
	}
	if len(all) == 0 {
		return nil
	}
	h.healAll(ctx, o, all)
	for _, one := range all {
		if one.err != nil {
			h.failed(ctx, one.Room, one.err)
		}
		if one.wrote {
			written = append(written, one.Key)
		}
	}
	return written
}

// healAll reads what timelines lack, and then writes it: so many at a time, as all that they
// put is in memory.
func (h *Healer) healAll(ctx context.Context, o *outbox.Outbox, all []*healing) {
	moment, err := o.NewMoment(ctx, h.tables.Sorted()[0])
	for some := range slices.Chunk(all, h.opts.AtOnce()) {
		var read int64
		if err == nil {
			each(some, func(one *healing) error { return one.read(ctx, moment) })
			read, err = o.Moment(ctx)
		}
		each(some, func(one *healing) error {
			if err != nil {
				return err
			}
			return one.write(ctx, read)
		})
	}
}

// each calls do for each timeline without an error, concurrently, and notes its error.
func each(some []*healing, do func(*healing) error) {
	var group errgroup.Group
	for _, one := range some {
		if one.err != nil {
			continue
		}
		group.Go(func() error {
			defer func() {
				if reason := recover(); reason != nil {
					one.err = fmt.Errorf("timakgorm: panic: %v", reason)
				}
			}()
			one.err = do(one)
			return nil
		})
	}
	_ = group.Wait() // each has its error
}

// read looks how much room there is, and for what.
func (h *healing) read(ctx context.Context, moment int64) error {
	entries, err := h.healer.timelines.Entries(ctx, h.Key)
	if err != nil {
		return err
	}
	if h.Items = entries.Room(h.capacity); h.Items == 0 {
		return nil
	}
	h.ops, h.rows, err = h.healer.ops(ctx, h.outbox.DB, h.Key, entries, min(h.Items, mostItems), moment)
	return err
}

// write writes what was read.
func (h *healing) write(ctx context.Context, moment int64) error {
	if len(h.ops) == 0 {
		return nil
	}
	healer := h.healer
	results, err := healer.timelines.Bounded(h.capacity).AsOf(moment).Apply(ctx, h.Key, h.ops...)
	if err != nil {
		return err
	}
	healed := results[len(results)-1].Outcome == timak.Applied
	h.wrote, h.ops = true, nil
	healer.opts.Wrote(len(results), healed)
	if !healed {
		return errOvertaken
	}
	healer.waiting.setDear(h.Key, h.rows > dearRows)
	if h.Items > mostItems {
		healer.Wait(Room{Key: h.Key, Items: h.Items - mostItems})
	}
	return nil
}
