package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/timak-go/timak/timak/driver"
)

// numbered fills a store with timelines 000, 001 and so on; those that bad names are
// damaged.
func numbered(t testing.TB, store driver.Store, n int, bad func(i int) bool) {
	t.Helper()
	for i := range n {
		key := fmt.Sprintf("%03d", i)
		if !bad(i) {
			apply(t, store, key, put("a", i))
		} else if _, err := store.Put(t.Context(), key, []byte("no timeline"), nil); err != nil {
			t.Fatal(err)
		}
	}
}

// When one timeline after the other fails, the copy ends, and goes on before the first of
// them: it was not they that were at fault. What was left out before is told apart.
func TestCopy_failsInARow(t *testing.T) {
	t.Parallel()
	store := bolt(t, func(store driver.Store) {
		numbered(t, store, 300, func(i int) bool { return i == 5 || i >= 20 })
	})
	target := "bolt:" + filepath.Join(t.TempDir(), "to.db")
	got := call(t, "copy", "-json", "-from", store, "-to", target).want(t, codeError, "more than 100 timelines in a row were not copied",
		"19 timelines done", "1 timeline left out, named above: once mended, run it again without -after", "to go on, run it again with -after '019'",
		`{"timelines":19,"changed":19,"failed":1,"after":"019","error":"`)
	if n := strings.Count(got.err, "was not copied"); n != 1+maxInARow {
		t.Errorf("%d failures were named, want %d", n, 1+maxInARow)
	}
	got = call(t, "copy", "-from", store, "-to", target, "-after", "030").want(t, codeError, "0 timelines done", "run it again with -after '030'")
	if strings.Contains(got.err, "left out") {
		t.Errorf("those that are copied again are called left out: %s", got.err)
	}
}

// A copy that left some out says what to do about them, however it ended.
func TestCopy_leftOutAndStopped(t *testing.T) {
	t.Parallel()
	store := bolt(t, func(store driver.Store) {
		numbered(t, store, 50, func(i int) bool { return i == 5 || i == 40 })
	})
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	var err locked
	out := &locked{}
	sh := shell{
		args: []string{"copy", "-json", "-parallel", "1", "-from", store, "-to", "bolt:" + filepath.Join(t.TempDir(), "to.db")},
		out:  out, err: onText{&err, "040 was not copied", func() { cancel(stopped{os.Interrupt}) }},
	}
	code := run(ctx, sh)
	called{code, out.String(), err.String()}.want(t, 130, `"failed":1,"after":"039","error":"`, "stopped by signal",
		"1 timeline left out, named above: once mended, run it again without -after", "to go on, run it again with -after '039'")
	target := "bolt:" + filepath.Join(t.TempDir(), "to.db")
	call(t, "copy", "-from", store, "-to", target).want(t, codePart, "48 timelines copied",
		"2 timelines left out, named above: once mended, run it again without -after")
	dump := filepath.Join(t.TempDir(), "dump")
	got := call(t, "dump", "-store", store, dump).want(t, codePart, "2 timelines left out, named above: once mended, run it again")
	if strings.Contains(got.err, "-after") {
		t.Errorf("dump has no -after: %s", got.err)
	}
}

// onText is a writer that does something when it is to write a text.
type onText struct {
	*locked
	text string
	do   func()
}

func (o onText) Write(b []byte) (int, error) {
	if strings.Contains(string(b), o.text) {
		o.do()
	}
	return o.locked.Write(b)
}

// A dump that lacks timelines says so for ever.
func TestDump_leftOut(t *testing.T) {
	t.Parallel()
	store := bolt(t, func(store driver.Store) {
		numbered(t, store, 9, func(i int) bool { return i == 5 || i == 7 })
	})
	dump := filepath.Join(t.TempDir(), "dump")
	call(t, "dump", "-store", store, dump).want(t, codePart)
	call(t, "check", dump).wantOut(t, "the dump is whole, with 7 timelines; 2 timelines were left out when it was made")
	call(t, "check", "-json", dump).wantOut(t, `{"timelines":7,"failed":2}`)
	call(t, "restore", dump, "-store", "bolt:"+filepath.Join(t.TempDir(), "to.db")).want(t, codeDone, "7 timelines restored",
		"timak: 2 timelines were left out when the dump was made")
}
