package memstore_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timak/memstore"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	drivertest.Run(t, func(*testing.T) driver.Store { return memstore.New() })
}

func TestConformance_adder(t *testing.T) {
	t.Parallel()
	drivertest.Run(t, func(*testing.T) driver.Store { return memstore.NewAdder() })
}

func TestPutReturnsATokenForTheOnlySibling(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	token, err := store.Put(t.Context(), "k", []byte("1"), nil)
	if err != nil || token == nil {
		t.Errorf("Put on an absent key: got token %x, error %v; want a token", token, err)
	}
}

func TestEndedContextStoresNothing(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := store.Put(ctx, "k", []byte("1"), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Put: got %v, want context.Canceled", err)
	}
	if obj, err := store.Get(t.Context(), "k"); err != nil || len(obj.Siblings) != 0 {
		t.Errorf("Get: got %q, %v; want nothing", obj.Siblings, err)
	}
}

func ExampleNew() {
	ctx := context.Background()
	store := memstore.New()

	// Two writers that know nothing of each other leave two siblings.
	_, _ = store.Put(ctx, "colours", []byte("red"), nil)
	_, _ = store.Put(ctx, "colours", []byte("blue"), nil)
	seen, _ := store.Get(ctx, "colours")
	fmt.Printf("%s\n", seen.Siblings)

	// The token of that Get replaces both.
	_, _ = store.Put(ctx, "colours", []byte("red, blue"), seen.Token)
	seen, _ = store.Get(ctx, "colours")
	fmt.Printf("%s\n", seen.Siblings)
	// Output:
	// [red blue]
	// [red, blue]
}
