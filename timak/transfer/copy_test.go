package transfer_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timak/transfer"
)

// What a store says is afterwards in the other too, together with what that has said
// before. Once more, nothing is written.
func TestCopy(t *testing.T) {
	t.Parallel()
	from, to := newStore(t), &counting{Store: newStore(t)}
	rich(t, from, "one")
	rich(t, to, "other")
	before := statesOf(t, from)
	want := together(before, statesOf(t, to))
	if len(want) != 9 {
		t.Fatalf("the fixture has %d timelines, want 9", len(want))
	}
	report, err := transfer.Copy(t.Context(), from, to, &transfer.Options{Parallel: 1})
	if err != nil {
		t.Fatal(err)
	}
	wantStates(t, "target", statesOf(t, to), want)
	wantStates(t, "source", statesOf(t, from), before)
	if report.Timelines != len(before) || report.Changed != len(before) || report.Failed != 0 || report.After != "sources" {
		t.Errorf("got %+v, want all %d changed, up to sources", report, len(before))
	}
	puts := to.puts.Load()
	report, err = transfer.Copy(t.Context(), from, to, nil)
	if err != nil || report.Changed != 0 || to.puts.Load() != puts {
		t.Errorf("again: got %+v, %v and %d puts, want nothing changed", report, err, to.puts.Load()-puts)
	}
}

// Siblings of the target are merged even if the source adds nothing.
func TestCopy_mergesSiblingsOfTheTarget(t *testing.T) {
	t.Parallel()
	from, to, other := newStore(t), newStore(t), newStore(t)
	apply(t, timak.New(from, nil), "k", put("a", 1))
	addSibling(t, from, to, "k")
	apply(t, timak.New(other, nil), "k", put("b", 2))
	addSibling(t, other, to, "k")
	if _, err := transfer.Copy(t.Context(), from, to, nil); err != nil {
		t.Fatal(err)
	}
	object, err := to.Get(t.Context(), "k")
	if err != nil || len(object.Siblings) != 1 {
		t.Errorf("got %d siblings, %v, want one", len(object.Siblings), err)
	}
}

// What was added to a value of the target is no reason to write it again.
func TestCopy_leavesAdditionsOfTheTarget(t *testing.T) {
	t.Parallel()
	from, to := memstore.NewAdder(), memstore.NewAdder()
	for _, store := range []driver.Store{from, to} {
		apply(t, timak.New(store, nil), "k", put("a", 1).WithVersion(1))
	}
	apply(t, timak.New(to, nil), "k", put("b", 2))
	report, err := transfer.Copy(t.Context(), from, to, nil)
	if err != nil || report.Timelines != 1 || report.Changed != 0 {
		t.Errorf("got %+v, %v, want nothing changed", report, err)
	}
	if object, err := to.Get(t.Context(), "k"); err != nil || len(object.Siblings) != 2 {
		t.Errorf("got %d siblings, %v, want a value and an addition", len(object.Siblings), err)
	}
}

// What a reader has seen stays seen in the new store.
func TestCopy_seen(t *testing.T) {
	t.Parallel()
	from, to := newStore(t), newStore(t)
	old, now := timak.New(from, nil), timak.New(to, nil)
	apply(t, old, "k", put("a", 1), put("b", 2))
	page, err := old.Page(t.Context(), "k", timak.Query{})
	if err == nil {
		err = old.MarkSeen(t.Context(), "k", page.Prev)
	}
	if err == nil {
		_, err = transfer.Copy(t.Context(), from, to, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	apply(t, now, "k", put("c", 3))
	if n, err := now.Unread(t.Context(), "k", 10); n != 1 || err != nil {
		t.Errorf("Unread: got %d, %v, want 1", n, err)
	}
}

// many fills a store with timelines, and returns their keys.
func many(t testing.TB, timelines *timak.Timelines, n int) (keys []string) {
	t.Helper()
	for i := range n {
		keys = append(keys, fmt.Sprintf("author:%05d", i))
		apply(t, timelines, keys[i], put("old", 1))
	}
	return keys
}

// A copy that is stopped says where to go on, and its rest is all that was missing.
func TestCopy_stopped(t *testing.T) {
	t.Parallel()
	from := newStore(t)
	keys := many(t, timak.New(from, nil), 500)
	for _, parallel := range []int{1, 3, 16, 100} {
		to := newStore(t)
		why := errors.New("enough")
		ctx, stop := context.WithCancelCause(t.Context())
		report, err := transfer.Copy(ctx, from, to, &transfer.Options{Parallel: parallel, Progress: func(r transfer.Report) {
			if r.Timelines == 123 {
				stop(why)
			}
		}})
		stop(nil)
		if !errors.Is(err, why) || report.Timelines < 123 || report.After != keys[report.Timelines-1] {
			t.Fatalf("%d at once: got %+v, %v, want it stopped at its After", parallel, report, err)
		}
		rest, err := transfer.Copy(t.Context(), from, to, &transfer.Options{After: report.After})
		if err != nil || rest.Timelines != len(keys)-report.Timelines || rest.After != keys[len(keys)-1] {
			t.Errorf("%d at once: got %+v, %v, want the rest", parallel, rest, err)
		}
		wantStates(t, "target", statesOf(t, to), statesOf(t, from))
	}
}

// A timeline that cannot be read, of either side, is reported and left as it is; nothing
// of it is taken for absent.
func TestCopy_damaged(t *testing.T) {
	t.Parallel()
	from, to := newStore(t), newStore(t)
	keys := many(t, timak.New(from, nil), 9)
	if _, err := from.Put(t.Context(), keys[3], []byte("no timeline"), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := to.Put(t.Context(), keys[5], []byte("no timeline"), nil); err != nil {
		t.Fatal(err)
	}
	report, err := transfer.Copy(t.Context(), from, to, nil)
	if !errors.Is(err, timak.ErrCorrupt) || report.After != keys[2] || report.Timelines != 3 {
		t.Errorf("got %+v, %v, want an end with ErrCorrupt before the damaged one", report, err)
	}
	var failed []string
	report, err = transfer.Copy(t.Context(), from, to, &transfer.Options{Failed: func(key string, err error) error {
		if !errors.Is(err, timak.ErrCorrupt) {
			t.Errorf("%s: got %v, want ErrCorrupt", key, err)
		}
		failed = append(failed, fmt.Sprint(key, strings.Contains(err.Error(), "in the target")))
		return nil
	}})
	if err != nil || report.Timelines != 7 || report.Failed != 2 || report.After != keys[8] {
		t.Errorf("got %+v, %v, want 7 carried and 2 not", report, err)
	}
	if want := []string{keys[3] + "false", keys[5] + "true"}; !slices.Equal(failed, want) {
		t.Errorf("got %q, want %q", failed, want)
	}
	for key, siblings := range map[string]int{keys[3]: 0, keys[5]: 1, keys[4]: 1} {
		if object, err := to.Get(t.Context(), key); err != nil || len(object.Siblings) != siblings {
			t.Errorf("%s: got %d siblings in the target, %v, want %d", key, len(object.Siblings), err, siblings)
		}
	}
}

func TestCopy_refuses(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	if _, err := transfer.Copy(t.Context(), unlisted{store}, store, nil); !errors.Is(err, transfer.ErrNotListed) {
		t.Errorf("a store that cannot list: got %v, want ErrNotListed", err)
	}
	for _, parallel := range []int{-1, transfer.MaxParallel + 1} {
		_, err := transfer.Copy(t.Context(), store, store, &transfer.Options{Parallel: parallel})
		if err == nil || !strings.Contains(err.Error(), "Options.Parallel") {
			t.Errorf("Parallel %d: got %v, want an error about it", parallel, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := transfer.Copy(ended, store, store, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: got %v, want context.Canceled", err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := transfer.Copy(t.Context(), store, newStore(t), nil); err == nil {
		t.Error("a closed store: got no error")
	}
}

// Data that cannot be unpacked is damage too: merged, it would count as no data.
func TestCopy_damagedData(t *testing.T) {
	t.Parallel()
	good, from, to := newStore(t), newStore(t), newStore(t)
	apply(t, timak.New(good, nil), "k", timak.Put(timak.Item{ID: "a", At: at(1), Data: bytes.Repeat([]byte("data"), 1000)}))
	object, err := good.Get(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	value := bytes.Clone(object.Siblings[0])
	for i := len(value) - 12; i < len(value); i++ { // the end of the packed data
		value[i] ^= 0xff
	}
	binary.LittleEndian.PutUint32(value[4:], crc32.Checksum(value[8:], crc32.MakeTable(crc32.Castagnoli)))
	if _, err := from.Put(t.Context(), "k", value, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := transfer.Copy(t.Context(), from, to, nil); !errors.Is(err, timak.ErrCorrupt) {
		t.Errorf("from: got %v, want ErrCorrupt", err)
	}
	if _, err := transfer.Copy(t.Context(), good, from, nil); !errors.Is(err, timak.ErrCorrupt) {
		t.Errorf("to: got %v, want ErrCorrupt", err)
	}
	if object, err := to.Get(t.Context(), "k"); err != nil || len(object.Siblings) > 0 {
		t.Errorf("got %d siblings in the target, %v, want none", len(object.Siblings), err)
	}
}
