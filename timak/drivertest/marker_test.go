package drivertest_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"os"
	"slices"
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
		"always kept":          {"UnknownMark", "LostPut", "LostEverything"},
		"never kept":           {"MarksAreKept", "LostMarkAlone"},
		"marks are not lost":   {"LostPut", "LostEverything", "LossIsToldAgain"},
		"one mark":             {"ForgottenMark"},
		"one name":             {"NamesAreApart"},
		"tells a loss once":    {"LossIsToldAgain", "UnknownMark"},
		"counts puts":          {"TokenFromBeforeTheLoss"},
		"ignores the context":  {"EndedContext"},
		"goes on when closed":  {"ClosedStore"},
		"the same mark always": {"MarksAreKept"},
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
	now, safe history
	closed    bool
}

// history is what a store has at one moment.
type history struct {
	siblings map[string]map[string]string // by key and dot
	marks    map[string][2]string         // the latest, and the one remembered before it
}

func newForgetful(flaw string) *forgetful {
	empty := history{map[string]map[string]string{}, map[string][2]string{}}
	return &forgetful{flaw: flaw, now: empty.clone(), safe: empty}
}

func (h history) clone() history {
	all := history{map[string]map[string]string{}, maps.Clone(h.marks)}
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
			marks := f.now.marks
			f.now = f.safe.clone()
			if f.flaw == "marks are not lost" {
				f.now.marks = marks
			}
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

func (f *forgetful) Mark(ctx context.Context, name, last string) (string, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case ctx.Err() != nil && f.flaw != "ignores the context":
		return "", false, ctx.Err()
	case f.closed && f.flaw != "goes on when closed":
		return "", false, driver.ErrClosed
	case f.flaw == "one name":
		name = ""
	}
	known := f.now.marks[name]
	if f.flaw == "one mark" {
		known[1] = known[0]
	}
	kept := last == "" || known[0] == last || known[1] == last
	switch f.flaw {
	case "always kept":
		kept = true
	case "never kept":
		kept = last == ""
	}
	mark := rand.Text()
	if f.flaw == "the same mark always" {
		mark = "mark"
	}
	if kept || f.flaw == "tells a loss once" {
		f.now.marks[name] = [2]string{mark, last}
	}
	if !kept {
		return "", false, nil
	}
	return mark, true, nil
}
