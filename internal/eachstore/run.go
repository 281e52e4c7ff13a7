package eachstore

import (
	"testing"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/pgtest"
	"github.com/timak-go/timak/timak/redistest"
)

// Kinds are the packages of stores; memstore.Adder meets additions in short timelines, too.
// riakstore is not among them: it has tests like these of its own, on a cluster.
var Kinds = []string{"memstore", "memstore.Adder", "boltstore", "pgstore", "redisstore"}

// Run runs a test, as a parallel subtest, over each kind of store. Each call of open
// returns a new, empty store, as [Opener] says.
func Run(t *testing.T, test func(t *testing.T, open func() driver.Store)) {
	for _, kind := range Kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			test(t, Opener(t, kind))
		})
	}
}

// Main runs the tests of m, then stops the servers that stores were on. It returns the
// exit code.
func Main(m *testing.M) int { return redistest.Run(besidePostgres{m}) }

// besidePostgres are tests that use a Postgres.
type besidePostgres struct{ m *testing.M }

func (b besidePostgres) Run() int { return pgtest.Run(b.m) }
