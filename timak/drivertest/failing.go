package drivertest

import (
	"context"
	"fmt"
	"math"
	"sync"

	"github.com/timak-go/timak/timak/driver"
)

// Failing is a driver.Store that passes its calls to another store, and fails those
// that its hooks select. Without hooks it behaves like the store that it wraps.
//
//	store := drivertest.NewFailing(memstore.New())
//	store.Before = drivertest.Nth(3, driver.ErrUnavailable) // the third call does nothing
//	store.After = drivertest.NthOf(drivertest.Put, 2, io.ErrUnexpectedEOF) // the second Put works, but its reply is lost
//
// Set the hooks before the first call. After that the methods may be called from
// any number of goroutines; the hooks run in the callers' goroutines.
type Failing struct {
	// Before runs before a Get, Put or Add reaches the store. If it returns an error,
	// the call returns that error and the store never sees the call. Default: nil,
	// no hook.
	Before Hook

	// After runs after a Get, Put or Add that the store carried out without an error. If
	// it returns an error, the call returns that error instead of its results, as
	// when a reply is lost. Default: nil, no hook.
	After Hook

	store driver.Store

	mu   sync.Mutex
	n    int
	ofOp map[Op]int
}

var (
	_ driver.Store = (*Failing)(nil)
	_ driver.Adder = (*Failing)(nil)
)

// A Hook is told about a call and returns the error that the call must return, or
// nil to let it through. It may also do whatever a crash test needs: count, cancel,
// wait for ctx (the call's own), panic, exit the process.
type Hook func(ctx context.Context, call Call) error

// Call is one Get, Put or Add on a Failing store.
type Call struct {
	// N counts the store's calls of any kind. The first is 1.
	N int

	// NOfOp counts the store's calls of the kind Op. The first is 1.
	NOfOp int

	// Op is the kind of the call.
	Op Op

	// Key is the key that the call was made with.
	Key string
}

// Op is a kind of call.
type Op uint8

const (
	// Get is a call of driver.Store.Get.
	Get Op = iota + 1
	// Put is a call of driver.Store.Put.
	Put
	// Add is a call of driver.Adder.Add.
	Add
)

// String returns the method's name.
func (o Op) String() string {
	switch o {
	case Get:
		return "Get"
	case Put:
		return "Put"
	case Add:
		return "Add"
	default:
		return fmt.Sprintf("Op(%d)", uint8(o))
	}
}

// Nth returns a hook that fails the nth call of any kind with err. The first
// call is 1; a hook for a call that never comes does nothing.
func Nth(n int, err error) Hook {
	return func(_ context.Context, call Call) error {
		if call.N == n {
			return err
		}
		return nil
	}
}

// NthOf returns a hook that fails the nth call of one kind with err. The first
// is 1.
func NthOf(op Op, n int, err error) Hook {
	return func(_ context.Context, call Call) error {
		if call.Op == op && call.NOfOp == n {
			return err
		}
		return nil
	}
}

// NewFailing returns a store that passes every call to store until it has hooks.
// Close closes store.
func NewFailing(store driver.Store) *Failing {
	return &Failing{store: store, ofOp: make(map[Op]int)}
}

// Get passes the call on, around the hooks.
func (f *Failing) Get(ctx context.Context, key string) (driver.Object, error) {
	call := f.count(Get, key)
	if err := f.Before.run(ctx, call); err != nil {
		return driver.Object{}, err
	}
	obj, err := f.store.Get(ctx, key)
	if err != nil {
		return driver.Object{}, err
	}
	if err := f.After.run(ctx, call); err != nil {
		return driver.Object{}, err
	}
	return obj, nil
}

// Put passes the call on, around the hooks.
func (f *Failing) Put(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	return f.write(ctx, f.count(Put, key), func() (driver.Token, error) { return f.store.Put(ctx, key, value, token) })
}

// Add passes the call on, around the hooks. The store must be a driver.Adder.
func (f *Failing) Add(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	adder, ok := f.store.(driver.Adder)
	if !ok {
		panic(fmt.Sprintf("drivertest: Add on a Failing %T, which is no driver.Adder", f.store))
	}
	return f.write(ctx, f.count(Add, key), func() (driver.Token, error) { return adder.Add(ctx, key, value, token) })
}

// AddFrom returns what the store does, and math.MaxInt for one that is no driver.Adder.
func (f *Failing) AddFrom() int {
	if adder, ok := f.store.(driver.Adder); ok {
		return adder.AddFrom()
	}
	return math.MaxInt
}

// write carries out a Put or an Add, around the hooks.
func (f *Failing) write(ctx context.Context, call Call, write func() (driver.Token, error)) (driver.Token, error) {
	if err := f.Before.run(ctx, call); err != nil {
		return nil, err
	}
	got, err := write()
	if err != nil {
		return nil, err
	}
	if err := f.After.run(ctx, call); err != nil {
		return nil, err
	}
	return got, nil
}

// Close closes the store that f wraps. It never fails on purpose.
func (f *Failing) Close() error { return f.store.Close() }

// Calls returns the number of Gets, Puts and Adds so far, including failed ones. A test
// that fails the first call, then the second, and so on, is done when its n exceeds
// Calls.
func (f *Failing) Calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.n
}

// count numbers a call.
func (f *Failing) count(op Op, key string) Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n++
	f.ofOp[op]++
	return Call{N: f.n, NOfOp: f.ofOp[op], Op: op, Key: key}
}

// run runs the hook if there is one.
func (h Hook) run(ctx context.Context, call Call) error {
	if h == nil {
		return nil
	}
	return h(ctx, call)
}
