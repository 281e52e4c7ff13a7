package riakstore_test

import (
	"testing"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timak/riakstore"
	"github.com/timak-go/timak/timak/riaktest"
)

func open(t *testing.T, addresses []string, opts *riakstore.Options) *riakstore.Store {
	t.Helper()
	store, err := riakstore.Open(addresses, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func TestConformance(t *testing.T) {
	t.Parallel()
	drivertest.Run(t, func(t *testing.T) driver.Store {
		return open(t, riaktest.Start(t, nil).Addresses(), nil)
	})
}
