package timak_test

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"sync"
	"sync/atomic"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/state"
	"github.com/timak-go/timak/timak/internal/wire"
)

// witness is a store that reads back every value that is put: Decode accepts it, it
// is the same when it is encoded again, and a view shows the same. At the end it
// checks that no value was written to after it was put or handed out. Some calls
// are lost, and some replies.
type witness struct {
	driver.Store

	adder   driver.Adder // the store, if it is one
	addFrom int

	fail func(driver.Object, []byte, error) // what was read last, what was put, and what is wrong with it

	mu       sync.Mutex
	sums     map[*byte]sum
	values   atomic.Int64
	siblings int
	most     int

	additions atomic.Int64
}

// sum is a value and its checksum when it was first seen.
type sum struct {
	value []byte
	crc   uint32
}

func (w *witness) note(values ...[]byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(bases(values)); n > 1 {
		w.siblings++
		w.most = max(w.most, n)
	}
	for _, value := range values {
		if _, seen := w.sums[&value[0]]; !seen {
			w.sums[&value[0]] = sum{value, crc32.ChecksumIEEE(value)}
		}
	}
}

// untouched returns an error if a value was written to.
func (w *witness) untouched() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.sums {
		if crc32.ChecksumIEEE(s.value) != s.crc {
			return fmt.Errorf("a value of %d bytes was written into after it was stored", len(s.value))
		}
	}
	return nil
}

// seat is a witness as one engine sees it.
type seat struct {
	*witness

	meanwhile func()      // what others do before a value of this engine is put
	lose      func() fate // what happens to a call

	mu   sync.Mutex
	read driver.Object // last
}

// fate is what happens to a call.
type fate int

const (
	arrives fate = iota
	lost
	replyLost
	tokenForgotten
)

func (s *seat) Get(ctx context.Context, key string) (driver.Object, error) {
	if s.lose() == lost {
		return driver.Object{}, driver.ErrUnavailable
	}
	object, err := s.Store.Get(ctx, key)
	if err == nil {
		s.note(object.Siblings...)
		s.mu.Lock()
		s.read = object
		s.mu.Unlock()
	}
	return object, err
}

func (s *seat) Put(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	return s.write(key, value, func() (driver.Token, error) { return s.Store.Put(ctx, key, value, token) })
}

func (s *seat) Add(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	s.additions.Add(1)
	return s.write(key, value, func() (driver.Token, error) { return s.adder.Add(ctx, key, value, token) })
}

func (s *seat) AddFrom() int {
	if s.adder == nil {
		return math.MaxInt
	}
	return s.addFrom
}

func (s *seat) write(key string, value []byte, write func() (driver.Token, error)) (driver.Token, error) {
	s.note(value)
	s.mu.Lock()
	read := s.read
	s.mu.Unlock()
	s.values.Add(1)
	if err := readBack(key, value); err != nil {
		s.fail(read, value, err)
	}
	s.meanwhile()
	switch s.lose() {
	case lost:
		return nil, driver.ErrUnavailable
	case tokenForgotten:
		return nil, driver.ErrToken
	case replyLost:
		_, err := write()
		return nil, errors.Join(driver.ErrUnavailable, err)
	default:
		return write()
	}
}

// readBack returns what is wrong with a value.
func readBack(key string, value []byte) error {
	s, err := wire.Decode(key, value)
	if err != nil {
		return err
	}
	if err := viewShows(key, value, &s); err != nil {
		return err
	}
	written, err := wire.Encode(key, &s, len(value)%2 == 0)
	if err != nil {
		return fmt.Errorf("written anew: %w", err)
	}
	again, err := wire.Decode(key, written)
	if err != nil {
		return fmt.Errorf("read, written anew and read: %w", err)
	}
	if err := same(&s, &again); err != nil {
		return fmt.Errorf("written anew it is another: %w", err)
	}
	return nil
}

// viewShows returns an error unless a view of the value shows the live entries of
// s, if it can be viewed.
func viewShows(key string, value []byte, s *state.State) error {
	view, ok := wire.Open(key, value)
	switch {
	case !ok && s.Shared():
		return nil
	case !ok:
		return errors.New("it cannot be viewed")
	case view.Len() != len(s.Live()):
		return fmt.Errorf("a view shows %d items, want %d", view.Len(), len(s.Live()))
	}
	for i, e := range s.Live() {
		if err := sameEntry(view.At(i), &e); err != nil {
			return fmt.Errorf("in a view, at %d: %w", i, err)
		}
	}
	return view.Err()
}

func same(a, b *state.State) error {
	if a.Horizon != b.Horizon || len(a.Entries) != len(b.Entries) || diff(a.Items, b.Items)+diff(a.Sources, b.Sources) != "" {
		return errors.New("its horizon, covers or number of entries differ")
	}
	for i := range a.Entries {
		if err := sameEntry(&a.Entries[i], &b.Entries[i]); err != nil {
			return fmt.Errorf("entry %d: %w", i, err)
		}
	}
	return nil
}

func sameEntry(a, b *state.Entry) error {
	_, errA := a.Data.Bytes()
	_, errB := b.Data.Bytes()
	if err := errors.Join(errA, errB); err != nil {
		return err
	}
	if !a.Data.Equal(b.Data) {
		return errors.New("its data differs")
	}
	c, d := *a, *b
	c.Data, d.Data = state.Data{}, state.Data{}
	if c != d {
		return fmt.Errorf("%+v and %+v", c, d)
	}
	return nil
}
