package timak_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
)

// step makes a call of an engine that has no call in progress.
func (s *search) step(e *engineSeat) {
	if e.busy || s.t.Failed() {
		return
	}
	e.busy = true
	defer func() { e.busy = false }()
	if e.random.IntN(3) == 0 {
		s.now.Add(e.random.Int64N(60) - 15)
	}
	key, ctx := pick(e.random, s.keys...), s.t.Context()
	switch e.random.IntN(24) {
	case 0:
		s.must(e.Get(ctx, key))
		s.settle(e)
	case 1:
		s.must(e.Page(ctx, key, timak.Query{}))
		s.settle(e)
	case 2:
		s.must(e.Entries(ctx, key))
		s.settle(e)
	case 3, 4:
		timeline, err := e.Add(ctx, key, s.item(e))
		s.must(timeline.Len(), err)
	case 5:
		timeline, err := e.Delete(ctx, key, s.id(e))
		s.must(timeline.Len(), err)
	case 6:
		s.must(e.Bounded(pick(e.random, 1, 50, 500)).Apply(ctx, key, s.op(e)))
	case 7:
		s.receive(e, key)
	default:
		ops := make([]timak.Op, pick(e.random, 1, 1, 1, 2, 3, 16, 20))
		for i := range ops {
			ops[i] = s.op(e)
		}
		s.must(e.Apply(ctx, key, ops...))
	}
	s.writes.Add(1)
}

// settle waits for a read's repairs, if other engines must not come in between.
func (s *search) settle(e *engineSeat) {
	if s.turns {
		e.AwaitRepairs()
	}
}

// must checks a call's error, which may only come from the store.
func (s *search) must(_ any, err error) {
	if err != nil && !errors.Is(err, driver.ErrUnavailable) && !errors.Is(err, driver.ErrToken) {
		s.t.Error(err)
	}
}

// fate draws what happens to a call.
func (s *search) fate(random *rand.Rand) fate {
	if random.IntN(1000) >= s.losses {
		return arrives
	}
	return pick(random, lost, replyLost, tokenForgotten)
}

func (s *search) op(e *engineSeat) timak.Op {
	op := timak.Put(s.item(e))
	switch e.random.IntN(20) {
	case 0, 1, 2:
		op = timak.Remove(s.id(e))
	case 3, 4, 5:
		op = timak.RemoveEntry(s.id(e), pick(e.random, s.sources...))
	case 6:
		if source := pick(e.random, s.sources...); source != "" {
			op = timak.RemoveSource(source)
		}
	}
	switch e.random.IntN(8) {
	case 0, 1:
		return op.WithVersion(s.now.Load() + e.random.Int64N(100) - 50)
	case 2:
		if s.low {
			return op.WithVersion(1 + e.random.Int64N(searchStart))
		}
	}
	return op
}

func (s *search) item(e *engineSeat) timak.Item {
	item := timak.Item{ID: s.id(e), At: at(searchStart + e.random.Int64N(s.dates)), Source: pick(e.random, s.sources...)}
	if e.random.IntN(200) == 0 {
		item.At = at(pick[int64](e.random, math.MinInt64, -1, 0, math.MaxInt64))
	}
	if size := pick(e.random, s.sizes...); size > 0 {
		size = 1 + e.random.IntN(size)
		from := e.random.IntN(len(searchText()) - size)
		item.Data = searchText()[from : from+size]
	}
	return item
}

// searchText is the source of data. It compresses somewhat.
var searchText = sync.OnceValue(func() []byte {
	random := rand.New(rand.NewPCG(5, 6))
	text := make([]byte, 64<<10)
	for i := range text {
		text[i] = "aaaabcde"[random.IntN(8)]
	}
	return text
})

// id draws an id whose name many ids share, one without a number, one of more names
// than a value has room for, or an odd one.
func (s *search) id(e *engineSeat) string {
	n := e.random.IntN(s.ids)
	switch e.random.IntN(40) {
	case 0:
		return fmt.Sprint("likes:", n, ":of")
	case 1:
		return fmt.Sprintf("%x-%d", n, e.random.IntN(3))
	case 2:
		return pick(e.random, "0", "00", "posts:007", "posts:", "\x00", "\xff\xfe", "999999999999999999", "9999999999999999999", strings.Repeat("n", 512))
	default:
		return fmt.Sprint("posts:", n)
	}
}

// receive stores a value that comes from elsewhere: of an earlier release, of the
// ancestor, or one that was stored before.
func (s *search) receive(e *engineSeat, key string) {
	value := []byte(`[{"id":"posts:1","score":1700000000000,"modified":1700000000000},{"id":7,"modified":1700000000001,"deleted":true}]`)
	if key == goldenKey && e.random.IntN(2) == 0 {
		name := pick(e.random, "layout1/tombstones", "layout1/sources", "layout1/covers", "layout1/older", "layout1/items.packed", "layout2/older", "layout2/timeline")
		var err error
		if value, err = os.ReadFile(filepath.Join("internal/wire/testdata", name+".bin")); err != nil {
			s.t.Fatal(err)
		}
	}
	if _, err := s.store.Put(context.Background(), key, value, nil); err != nil {
		s.t.Fatal(err)
	}
}
