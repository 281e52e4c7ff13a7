package drivertest_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
)

// A correct forgetful store passes the suite.
func TestRunMarker(t *testing.T) {
	t.Parallel()
	drivertest.RunMarker(t, func(*testing.T) drivertest.Losing { return newForgetful("").losing() })
}

// TestMarkerSuiteCatchesBrokenStores runs the suite, in a child process, on stores
// that each break one sentence of driver.Marker.
func TestMarkerSuiteCatchesBrokenStores(t *testing.T) {
	caughtBy := map[string][]string{
		"always kept":           {"UnknownMark", "LostPut", "LostEverything"},
		"never kept":            {"MarksAreKept", "LostMarkAlone"},
		"marks are not lost":    {"LostPut", "LostEverything", "LossIsToldAgain", "LossAfterLoss"},
		"the latest two marks":  {"OldMark", "ManyCallers"},
		"forgets branches":      {"LossAfterLoss"},
		"a number alone":        {"OvertakenMark", "LossIsToldAgain"},
		"puts are not in doubt": {"LostPut", "LostPutBehindTheMark", "LostMarkAlone"},
		"counts puts":           {"TokenFromBeforeTheLoss"},
		"ignores the context":   {"EndedContext"},
		"goes on when closed":   {"ClosedStore"},
		"the same mark always":  {"MarksAreKept"},
	}
	if flaw := os.Getenv(brokenEnv); flaw != "" {
		drivertest.RunMarker(t, func(*testing.T) drivertest.Losing { return newForgetful(flaw).losing() })
		return
	}
	t.Parallel()
	for _, flaw := range slices.Sorted(maps.Keys(caughtBy)) {
		t.Run(flaw, func(t *testing.T) {
			t.Parallel()
			for _, by := range caughtBy[flaw] {
				wantCaught(t, flaw, by)
			}
		})
	}
}

// forgetful is a store that loses what it has acknowledged, with a flaw or none.
type forgetful struct {
	flaw string

	mu        sync.Mutex
	life      string // since it has lost data last
	now, safe history
	closed    bool
}

// history is what a store has at one moment.
type history struct {
	siblings map[string]map[string]string // by key and dot
	ends     map[string]int               // the latest mark of each branch
	branch   string                       // the latest
}

func newForgetful(flaw string) *forgetful {
	empty := history{map[string]map[string]string{}, map[string]int{}, ""}
	return &forgetful{flaw: flaw, life: "first", now: empty.clone(), safe: empty}
}

func (h history) clone() history {
	all := history{map[string]map[string]string{}, maps.Clone(h.ends), h.branch}
	for key, siblings := range h.siblings {
		all.siblings[key] = maps.Clone(siblings)
	}
	return all
}

func (f *forgetful) losing() drivertest.Losing {
	return drivertest.Losing{
		Store: f,
		Keep:  func() { f.safe = f.now.clone() },
		Lose: func() {
			ends := f.now.ends
			f.now = f.safe.clone()
			if f.flaw == "marks are not lost" {
				f.now.ends = ends
			}
			f.life = rand.Text()
		},
	}
}

func (f *forgetful) Get(_ context.Context, key string) (driver.Object, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var object driver.Object
	for dot, value := range f.now.siblings[key] {
		object.Siblings = append(object.Siblings, []byte(value))
		object.Token = fmt.Append(object.Token, dot, " ")
	}
	return object, nil
}

func (f *forgetful) Put(_ context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	siblings := f.now.siblings[key]
	if siblings == nil {
		siblings = map[string]string{}
	}
	dot := rand.Text()
	if f.flaw == "counts puts" {
		dot = fmt.Sprint(len(strings.Join(slices.Collect(maps.Keys(siblings)), "")), "+")
	}
	for seen := range strings.FieldsSeq(string(token)) {
		delete(siblings, seen)
	}
	siblings[dot] = string(value)
	f.now.siblings[key] = siblings
	if len(siblings) > 1 {
		return nil, nil
	}
	return driver.Token(dot), nil
}

func (f *forgetful) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	return nil
}

func (f *forgetful) Mark(ctx context.Context, last string) (string, driver.Kept, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case ctx.Err() != nil && f.flaw != "ignores the context":
		return "", driver.Lost, ctx.Err()
	case f.closed && f.flaw != "goes on when closed":
		return "", driver.Lost, driver.ErrClosed
	}
	kept := f.kept(last)
	if f.now.branch != f.life {
		if f.flaw == "a number alone" {
			f.now.ends[f.life] = f.now.ends[f.now.branch]
		}
		if f.flaw == "forgets branches" {
			maps.DeleteFunc(f.now.ends, func(branch string, _ int) bool { return branch != f.now.branch })
		}
		f.now.branch = f.life
	}
	f.now.ends[f.life]++
	if f.flaw == "the same mark always" {
		return "mark", kept, nil
	}
	return fmt.Sprint(f.life, ":", f.now.ends[f.life]), kept, nil
}

// kept returns what is kept of the history with a mark.
func (f *forgetful) kept(last string) driver.Kept {
	branch, digits, _ := strings.Cut(last, ":")
	number, err := strconv.Atoi(digits)
	end := f.now.ends[branch]
	if f.flaw == "a number alone" {
		end = f.now.ends[f.now.branch]
	}
	known := err == nil && number <= end
	if f.flaw == "the latest two marks" {
		known = known && number > end-2
	}
	switch {
	case last == "":
		return driver.KeptBefore
	case f.flaw == "always kept":
		return driver.KeptAll
	case f.flaw == "never kept" || !known:
		return driver.Lost
	case branch == f.life || f.flaw == "puts are not in doubt":
		return driver.KeptAll
	default:
		return driver.KeptBefore
	}
}
