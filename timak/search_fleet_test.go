package timak_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/boltstore"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/memstore"
)

// search is one round: engines, and their actions.
type search struct {
	t      *testing.T
	random *rand.Rand
	total  *tally
	store  *witness
	file   string                         // of the store, if it has one
	now    atomic.Int64                   // microseconds
	open   map[string]func() driver.Store // stores on servers
	seats  []*engineSeat
	writes atomic.Int64

	// These are common to all engines of the round.
	keys    []string
	dates   int64 // the number of different dates
	ids     int
	sources []string
	sizes   []int // of data
	low     bool  // versions may be below the horizon
	losses  int   // per thousand calls
	turns   bool  // one engine at a time
}

// engineSeat is an engine and its access to the store. It belongs to one goroutine.
type engineSeat struct {
	*timak.Timelines
	seat   *seat
	random *rand.Rand
	skew   int64
	busy   bool
}

// goldenKey is the key of the values of earlier releases in testdata.
const goldenKey = "author:7:posts"

// searchStart is when the clock of a round starts; values of earlier releases have
// versions of about that time.
const searchStart = 1_700_000_000_000_000

func newSearch(t *testing.T, seed uint64, open map[string]func() driver.Store, total *tally) *search {
	s := &search{t: t, random: rand.New(rand.NewPCG(seed, 0)), open: open, total: total}
	s.now.Store(searchStart)
	s.store = &witness{Store: s.openStore(), fail: s.found, sums: map[*byte]sum{}, addFrom: pick(s.random, 0, 0, 4<<10, 16<<10)}
	s.store.adder, _ = s.store.Store.(driver.Adder)
	s.keys = []string{goldenKey, "another"}[:1+s.random.IntN(2)]
	s.dates = pick[int64](s.random, 1, 5, 200, 1<<40)
	s.ids = pick(s.random, 3, 60, 400, 2000)
	s.sources = pick(s.random, []string{""}, []string{""}, []string{"author:7"}, []string{"", "mention"}, []string{"", "a", "b", "c"})
	s.sizes = pick(s.random, []int{0}, []int{0, 20}, []int{20, 200}, []int{0, 1, 100, 3000}, []int{200, 16 << 10, 20 << 10})
	s.low = s.random.IntN(2) == 0
	s.losses = pick(s.random, 0, 0, 10, 50)
	return s
}

func pick[T any](random *rand.Rand, among ...T) T { return among[random.IntN(len(among))] }

func (s *search) openStore() driver.Store {
	switch s.random.IntN(6) {
	case 0:
		return memstore.New()
	case 1, 2:
		return memstore.NewAdder()
	case 3:
		return s.open["pgstore"]()
	case 4:
		return s.open["redisstore"]()
	}
	s.file = filepath.Join(s.t.TempDir(), "feed.db")
	store, err := boltstore.Open(s.file, &boltstore.Options{NoSync: true})
	if err != nil {
		s.t.Fatal(err)
	}
	return store
}

// round makes engines, lets them write, and checks what is left.
func (s *search) round(run func(*search)) {
	defer s.close()
	run(s)
	for _, e := range s.seats {
		e.AwaitRepairs()
	}
	if err := s.store.untouched(); err != nil {
		s.t.Error(err)
	}
	s.total.rounds++
	s.total.writes += int(s.writes.Load())
	s.total.values += int(s.store.values.Load())
	s.total.additions += int(s.store.additions.Load())
	s.total.siblings += s.store.siblings
	s.total.most = max(s.total.most, s.store.most)
	for _, e := range s.seats {
		if e.Order() != s.seats[0].Order() {
			s.total.mixed++
			break
		}
	}
}

// close closes the store and deletes its file, of which a long search makes many.
func (s *search) close() {
	err := s.store.Close()
	if s.file != "" {
		err = errors.Join(err, os.Remove(s.file))
	}
	if err != nil {
		s.t.Error(err)
	}
}

// found reports an incorrect value.
func (s *search) found(read driver.Object, value []byte, err error) {
	var all strings.Builder
	for _, sibling := range read.Siblings {
		fmt.Fprintf(&all, "read %s\n", hex.EncodeToString(sibling))
	}
	s.t.Errorf("a value that was stored: %v\n%swrote %s", err, all.String(), hex.EncodeToString(value))
}

// engines makes engines that differ in every option.
func (s *search) engines(n int) {
	order, mixed := timak.Order(s.random.IntN(2)), s.random.IntN(4) == 0
	limits := pick(s.random, []int{1}, []int{40}, []int{1000}, []int{1, 3, 40, 200, 1000}, []int{150, 151})
	for range n {
		e := &engineSeat{random: rand.New(rand.NewPCG(s.random.Uint64(), 1))}
		if s.random.IntN(4) == 0 {
			e.skew = s.random.Int64N(200) - 100
		}
		e.seat = &seat{witness: s.store, meanwhile: func() {}, lose: func() fate { return arrives }}
		if mixed {
			order = timak.Order(s.random.IntN(2))
		}
		e.Timelines = replicaOver(e.seat, timak.Options{
			MaxItems: pick(s.random, limits...), Order: order,
			TombstoneTTL: pick(s.random, time.Microsecond, 20*time.Microsecond, time.Millisecond, time.Hour),
			CacheBytes:   pick(s.random, -1, 3000, 40_000, 16<<20),
			Uncompressed: s.random.IntN(4) == 0,
			Clock:        func() time.Time { return at(s.now.Load() + e.skew) },
		}).Timelines
		s.seats = append(s.seats, e)
	}
}

// fill puts many items at once.
func (s *search) fill() {
	e := &engineSeat{random: s.random, seat: &seat{witness: s.store, meanwhile: func() {}, lose: func() fate { return arrives }}}
	e.Timelines = replicaOver(e.seat, timak.Options{}).Timelines
	ops := make([]timak.Op, min(pick(s.random, 0, 40, 300, 1000), 400_000/(1+slices.Max(s.sizes))))
	for i := range ops {
		ops[i] = timak.Put(s.item(e)).WithVersion(searchStart - 5000 + int64(i))
	}
	for _, key := range s.keys {
		s.must(e.Apply(s.t.Context(), key, ops...))
	}
}

// inTurns lets engines write one after the other, except for those that come
// between another's read and its write.
func (s *search) inTurns() {
	s.turns = true
	s.engines(pick(s.random, 2, 4, 16, 64))
	s.fill()
	depth := 0
	for _, e := range s.seats {
		e.seat.lose = func() fate { return s.fate(s.random) }
		e.seat.meanwhile = func() {
			for depth < 6 && s.random.IntN(3) == 0 {
				depth++
				s.step(s.seats[s.random.IntN(len(s.seats))])
				depth--
			}
		}
	}
	for range 10 + s.random.IntN(60) {
		s.step(s.seats[s.random.IntN(len(s.seats))])
	}
}

// atOnce lets all engines write at the same time, some of them in several
// goroutines.
func (s *search) atOnce() {
	s.engines(64)
	s.fill()
	var writers sync.WaitGroup
	for n, e := range s.seats {
		random := rand.New(rand.NewPCG(s.random.Uint64(), 2))
		var mu sync.Mutex
		e.seat.lose = func() fate {
			mu.Lock()
			defer mu.Unlock()
			return s.fate(random)
		}
		for range 1 + 2*(n%2) {
			own := &engineSeat{seat: e.seat, Timelines: e.Timelines, random: rand.New(rand.NewPCG(s.random.Uint64(), 3))}
			writers.Go(func() {
				for range 4 {
					s.step(own)
				}
			})
		}
	}
	writers.Wait()
}
