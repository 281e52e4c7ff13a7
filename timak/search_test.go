package timak_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/timak-go/timak/internal/eachstore"
	"github.com/timak-go/timak/timak/driver"
)

// TestSearch searches for stored values that their readers would refuse. Up to 64
// engines of all kinds write to the same few timelines, and every value that one of
// them stores is read back at once: see witness. A round is drawn from its seed, which
// a failure names:
//
//	TIMAK_TEST_SEARCH_SEED=7 go test -run '^TestSearch$/in_turns' ./timak
//
// repeats the round of that seed. TIMAK_TEST_SEARCH=10m, or make search SEARCHTIME=10m,
// goes on with other seeds for that long. In turns, the same seed makes the same writes,
// each engine coming between another's read and its write. At once, every engine has a
// goroutine of its own, and the interleaving is up to the scheduler.
func TestSearch(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]struct {
		rounds int // unless the environment says for how long
		adds   bool
		run    func(*search)
	}{
		"in turns": {24, true, (*search).inTurns},
		"at once":  {2, false, (*search).atOnce}, // additions are rare where all siblings have to be merged
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			more := searchRounds(t, how.rounds)
			total := &tally{}
			open := map[string]func() driver.Store{}
			for _, kind := range []string{"pgstore", "redisstore"} {
				open[kind] = eachstore.Opener(t, kind)
			}
			for seed := range more {
				newSearch(t, seed, open, total).round(how.run)
				if t.Failed() {
					t.Fatalf("%s=%d makes this round again", searchSeedVar, seed)
				}
			}
			t.Logf("%v", total)
			total.mustBeWide(t, how.adds)
		})
	}
}

const (
	searchTimeVar = "TIMAK_TEST_SEARCH"
	searchSeedVar = "TIMAK_TEST_SEARCH_SEED"
)

// searchRounds returns the seeds of this many rounds, or of as many as there is
// time for, or the one that the environment names.
func searchRounds(t *testing.T, rounds int) func(yield func(uint64) bool) {
	t.Helper()
	if named := os.Getenv(searchSeedVar); named != "" {
		seed, err := strconv.ParseUint(named, 10, 64)
		if err != nil {
			t.Fatalf("%s: %v", searchSeedVar, err)
		}
		return func(yield func(uint64) bool) { yield(seed) }
	}
	lasting, err := time.ParseDuration(cmp.Or(os.Getenv(searchTimeVar), "0"))
	if err != nil {
		t.Fatalf("%s: %v", searchTimeVar, err)
	}
	until := time.Now().Add(lasting)
	return func(yield func(uint64) bool) {
		for n := 0; n < rounds || time.Now().Before(until); n++ {
			if !yield(rand.Uint64()) {
				return
			}
		}
	}
}

// tally counts what all rounds together have covered.
type tally struct {
	rounds, writes, values, siblings int
	additions                        int // of the values
	most                             int // siblings of one key
	mixed                            int // rounds whose engines show items in both orders
}

func (n *tally) String() string {
	return fmt.Sprintf("%d rounds, %d writes, %d values read back, %d of them additions; %d reads of siblings, at most %d of a key; %d rounds of both orders",
		n.rounds, n.writes, n.values, n.additions, n.siblings, n.most, n.mixed)
}

// mustBeWide fails a search that has not covered what it is for.
func (n *tally) mustBeWide(t *testing.T, adds bool) {
	t.Helper()
	if os.Getenv(searchSeedVar) == "" && (n.values == 0 || n.siblings == 0 || adds && n.additions == 0) {
		t.Errorf("the search met no siblings, or no additions: %v", n)
	}
}
