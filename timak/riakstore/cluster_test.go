package riakstore_test

import (
	"cmp"
	"crypto/rand"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/timak/riakstore"
	"github.com/timak-go/timak/timak/riaktest"
)

// These tests run against riaktest. Those that inject no faults also run against a
// real Riak, if the environment names one:
//
//	TIMAK_TEST_RIAK       host:port of its nodes, with commas between
//	TIMAK_TEST_RIAK_TYPE  a bucket type with siblings and dotted version vectors; "timelines"
//	TIMAK_TEST_RIAK_KILL  a shell command that kills one of the nodes; it stays down, for
//	                      these tests hold then too, but those of riaktest need all nodes
const (
	envAddresses = "TIMAK_TEST_RIAK"
	envType      = "TIMAK_TEST_RIAK_TYPE"
	envKill      = "TIMAK_TEST_RIAK_KILL"
)

// addresses returns the nodes of the real cluster, or else of one that lasts as
// long as the test.
func addresses(t testing.TB) []string {
	t.Helper()
	if named := os.Getenv(envAddresses); named != "" {
		return strings.Split(named, ",")
	}
	return riaktest.Start(t, nil).Addresses()
}

// realAddresses returns the nodes of the real cluster; without one the test is
// skipped.
func realAddresses(t testing.TB) []string {
	t.Helper()
	if os.Getenv(envAddresses) == "" {
		t.Skipf("no real Riak: set %s to host:port,…", envAddresses)
	}
	return addresses(t)
}

// openFresh returns a store on addresses, in a bucket that nobody else uses.
func openFresh(t testing.TB) *riakstore.Store {
	t.Helper()
	return open(t, addresses(t), fresh())
}

// fresh returns options with a bucket that nobody else uses.
func fresh() *riakstore.Options {
	return &riakstore.Options{
		BucketType: cmp.Or(os.Getenv(envType), "timelines"),
		Bucket:     "test-" + rand.Text(),
	}
}

// open returns a store that is closed when the test ends.
func open(t testing.TB, addresses []string, opts *riakstore.Options) *riakstore.Store {
	t.Helper()
	store, err := riakstore.Open(addresses, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return store
}

// quick returns options with which a lost node costs a test little time.
func quick() *riakstore.Options {
	return &riakstore.Options{
		RequestTimeout: 300 * time.Millisecond,
		RetryTime:      5 * time.Second,
		ConnectTimeout: 300 * time.Millisecond,
		Logger:         slog.New(slog.DiscardHandler),
	}
}
