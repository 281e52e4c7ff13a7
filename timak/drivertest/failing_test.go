package drivertest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timak/memstore"
)

var errInjected = errors.New("injected")

func TestFailingWithoutHooks(t *testing.T) {
	t.Parallel()
	drivertest.Run(t, func(*testing.T) driver.Store { return drivertest.NewFailing(memstore.New()) })
}

// siblings returns what is under key k, bypassing all hooks.
func siblings(t *testing.T, store driver.Store) []string {
	t.Helper()
	obj, err := store.Get(t.Context(), "k")
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	var all []string
	for _, s := range obj.Siblings {
		all = append(all, string(s))
	}
	return all
}

func TestBeforeKeepsThePutAway(t *testing.T) {
	t.Parallel()
	inner := memstore.New()
	store := drivertest.NewFailing(inner)
	store.Before = drivertest.Nth(2, errInjected)

	for i, want := range []error{nil, errInjected, nil} {
		token, err := store.Put(t.Context(), "k", fmt.Append(nil, i+1), nil)
		if !errors.Is(err, want) || (err != nil && token != nil) {
			t.Errorf("put %d: got token %x, error %v; want error %v", i+1, token, err, want)
		}
	}
	if diff := cmp.Diff([]string{"1", "3"}, siblings(t, inner)); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}

func TestAfterLosesTheReplyOnly(t *testing.T) {
	t.Parallel()
	inner := memstore.New()
	store := drivertest.NewFailing(inner)
	store.After = drivertest.Nth(1, errInjected)

	token, err := store.Put(t.Context(), "k", []byte("1"), nil)
	if !errors.Is(err, errInjected) || token != nil {
		t.Errorf("Put: got token %x, error %v; want no token, error %v", token, err, errInjected)
	}
	if diff := cmp.Diff([]string{"1"}, siblings(t, inner)); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}

func TestFailedGetReturnsNothing(t *testing.T) {
	t.Parallel()
	inner := memstore.New()
	if _, err := inner.Put(t.Context(), "k", []byte("1"), nil); err != nil {
		t.Fatalf("Put: %v", err)
	}
	before, after := drivertest.NewFailing(inner), drivertest.NewFailing(inner)
	before.Before = drivertest.Nth(1, errInjected)
	after.After = drivertest.Nth(1, errInjected)
	for name, store := range map[string]driver.Store{"before": before, "after": after} {
		obj, err := store.Get(t.Context(), "k")
		if diff := cmp.Diff(driver.Object{}, obj); diff != "" || !errors.Is(err, errInjected) {
			t.Errorf("%s: got error %v, want %v; object (-want +got):\n%s", name, err, errInjected, diff)
		}
	}
}

// After means that the store carried out the call: the store's own error is not
// replaced.
func TestAfterDoesNotSeeTheStoresErrors(t *testing.T) {
	t.Parallel()
	store := drivertest.NewFailing(memstore.New())
	store.After = func(context.Context, drivertest.Call) error { return errInjected }
	if err := store.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	if _, err := store.Get(t.Context(), "k"); !errors.Is(err, driver.ErrClosed) {
		t.Errorf("Get: got %v, want ErrClosed", err)
	}
	if _, err := store.Put(t.Context(), "k", nil, nil); !errors.Is(err, driver.ErrClosed) {
		t.Errorf("Put: got %v, want ErrClosed", err)
	}
}

func TestHooksAreToldOfEveryCall(t *testing.T) {
	t.Parallel()
	var before, after []drivertest.Call
	store := drivertest.NewFailing(memstore.New())
	store.Before = func(_ context.Context, c drivertest.Call) error { before = append(before, c); return nil }
	store.After = func(_ context.Context, c drivertest.Call) error { after = append(after, c); return nil }

	_, _ = store.Get(t.Context(), "a")
	_, _ = store.Put(t.Context(), "b", nil, nil)
	_, _ = store.Get(t.Context(), "c")

	want := []drivertest.Call{
		{N: 1, NOfOp: 1, Op: drivertest.Get, Key: "a"},
		{N: 2, NOfOp: 1, Op: drivertest.Put, Key: "b"},
		{N: 3, NOfOp: 2, Op: drivertest.Get, Key: "c"},
	}
	if diff := cmp.Diff(want, before); diff != "" {
		t.Errorf("before (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, after); diff != "" {
		t.Errorf("after (-want +got):\n%s", diff)
	}
	if got := store.Calls(); got != 3 {
		t.Errorf("Calls: got %d, want 3", got)
	}
}

func TestHookMayWaitForTheCallsContext(t *testing.T) {
	t.Parallel()
	store := drivertest.NewFailing(memstore.New())
	store.Before = func(ctx context.Context, _ drivertest.Call) error { <-ctx.Done(); return ctx.Err() }
	ctx, cancel := context.WithCancel(t.Context())
	go cancel()
	if _, err := store.Get(ctx, "k"); !errors.Is(err, context.Canceled) {
		t.Errorf("Get: got %v, want context.Canceled", err)
	}
}

func ExampleFailing() {
	ctx := context.Background()
	store := drivertest.NewFailing(memstore.New())
	store.After = drivertest.NthOf(drivertest.Put, 1, driver.ErrUnavailable)

	_, err := store.Put(ctx, "k", []byte("value"), nil)
	fmt.Println("first put:", err)
	obj, _ := store.Get(ctx, "k")
	fmt.Printf("stored: %s\n", obj.Siblings)
	// Output:
	// first put: store is unavailable
	// stored: [value]
}
