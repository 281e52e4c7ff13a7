package world

import (
	"strings"
	"testing"

	"github.com/timak-go/timak/timakgorm"
)

// OverStores runs a test on every database; on Postgres with timelines in memory, and in
// each store that machines can share; on SQLite in memory, with additions to the shortest
// of them.
func OverStores(t *testing.T, test func(t *testing.T, s Setup)) {
	OnBoth(t, func(t *testing.T, dialect string) {
		if dialect == "postgres" {
			PostgresOverStores(t, test)
		} else {
			test(t, Setup{Dialect: dialect, Kind: "memstore.Adder"})
		}
	})
}

// PostgresOverStores runs a test on Postgres, as OverStores does.
func PostgresOverStores(t *testing.T, test func(t *testing.T, s Setup)) {
	for _, kind := range []string{"memstore", "pgstore", "redisstore"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			test(t, Setup{Dialect: "postgres", Kind: kind})
		})
	}
}

// OverStoresByBoth runs a test as OverStores does, with both captures.
func OverStoresByBoth(t *testing.T, test func(t *testing.T, s Setup, by timakgorm.Capture)) {
	OverStores(t, byBoth(test))
}

// PostgresOverStoresByBoth runs a test as PostgresOverStores does, with both captures.
func PostgresOverStoresByBoth(t *testing.T, test func(t *testing.T, s Setup, by timakgorm.Capture)) {
	PostgresOverStores(t, byBoth(test))
}

// byBoth runs a test with both captures over a memstore. A shared store costs time, and
// does not see how a change was captured: there it runs with one.
func byBoth(test func(t *testing.T, s Setup, by timakgorm.Capture)) func(t *testing.T, s Setup) {
	return func(t *testing.T, s Setup) {
		if !strings.HasPrefix(s.Kind, "memstore") {
			test(t, s, timakgorm.Callbacks)
			return
		}
		ByBoth(t, func(t *testing.T, by timakgorm.Capture) { test(t, s, by) })
	}
}
