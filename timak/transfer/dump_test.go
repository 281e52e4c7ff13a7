package transfer_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/transfer"
)

// dumped returns the dump of a store.
func dumped(t testing.TB, from driver.Store) []byte {
	t.Helper()
	var file bytes.Buffer
	if _, err := transfer.Dump(t.Context(), from, &file, nil); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// A dump holds what a store says. It may be restored to any store, any number of times.
func TestDump(t *testing.T) {
	t.Parallel()
	from, to := newStore(t), &counting{Store: newStore(t)}
	rich(t, from, "one")
	rich(t, to, "other")
	dump := dumped(t, from)
	if n, err := transfer.Check(t.Context(), bytes.NewReader(dump)); n.Timelines != 8 || n.After != "sources" || err != nil {
		t.Errorf("Check: got %+v, %v, want 8 timelines, up to sources", n, err)
	}
	want := together(statesOf(t, from), statesOf(t, to))
	report, err := transfer.Restore(t.Context(), bytes.NewReader(dump), to, nil)
	if err != nil || report.Timelines != 8 || report.Changed != 8 {
		t.Errorf("Restore: got %+v, %v, want 8 timelines", report, err)
	}
	wantStates(t, "restored", statesOf(t, to), want)
	puts := to.puts.Load()
	report, err = transfer.Restore(t.Context(), bytes.NewReader(dump), to, nil)
	if err != nil || report.Changed != 0 || to.puts.Load() != puts {
		t.Errorf("again: got %+v, %v and %d puts, want nothing changed", report, err, to.puts.Load()-puts)
	}
	empty := newStore(t)
	report, err = transfer.Restore(t.Context(), bytes.NewReader(dump), empty, &transfer.Options{After: "floor"})
	if err != nil || report.Timelines != 4 {
		t.Errorf("after floor: got %+v, %v, want 4 timelines", report, err)
	}
}

func TestDump_empty(t *testing.T) {
	t.Parallel()
	if n, err := transfer.Check(t.Context(), bytes.NewReader(dumped(t, newStore(t)))); n != (transfer.Report{}) || err != nil {
		t.Errorf("Check: got %+v, %v, want none", n, err)
	}
}

// A key that was deleted after it was listed leaves nothing.
func TestDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	from, to := haunted{newStore(t)}, newStore(t)
	if n, err := transfer.Check(t.Context(), bytes.NewReader(dumped(t, from))); n != (transfer.Report{}) || err != nil {
		t.Errorf("Check: got %+v, %v, want none", n, err)
	}
	if _, err := transfer.Copy(t.Context(), from, to, nil); err != nil || len(statesOf(t, to)) > 0 {
		t.Errorf("Copy: got %v, and %d timelines, want none", err, len(statesOf(t, to)))
	}
}

// small returns a dump of two timelines.
func small(t testing.TB) []byte {
	store := newStore(t)
	many(t, timak.New(store, nil), 2)
	return dumped(t, store)
}

// wantRefused expects that a dump is refused, and that nothing of it is restored.
func wantRefused(t testing.TB, what string, dump []byte, want error) {
	t.Helper()
	store := newStore(t)
	_, err := transfer.Restore(t.Context(), bytes.NewReader(dump), store, &transfer.Options{Failed: func(string, error) error { return nil }})
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
	if n := len(statesOf(t, store)); n != 0 {
		t.Errorf("%s: %d timelines were restored", what, n)
	}
	if _, err := transfer.Check(t.Context(), bytes.NewReader(dump)); !errors.Is(err, want) {
		t.Errorf("%s: Check: got %v, want %v", what, err, want)
	}
}

// A dump that was cut anywhere, or changed in any bit, is refused as a whole.
func TestRestore_damaged(t *testing.T) {
	t.Parallel()
	dump := small(t)
	for n := range dump {
		wantRefused(t, "cut", dump[:n], transfer.ErrDump)
	}
	for bit := range 8 * len(dump) {
		changed := bytes.Clone(dump)
		changed[bit/8] ^= 1 << (bit % 8)
		wantRefused(t, "changed", changed, transfer.ErrDump)
	}
	wantRefused(t, "continued", append(bytes.Clone(dump), 0), transfer.ErrDump)
	wantRefused(t, "twice", append(bytes.Clone(dump), dump...), transfer.ErrDump)
	wantRefused(t, "a text", []byte(strings.Repeat("no dump\n", 100)), transfer.ErrDump)
}

// records returns where each record of a dump begins.
func records(dump []byte) (starts []int) {
	for at := 16; at < len(dump); at += 9 + int(binary.LittleEndian.Uint32(dump[at+1:])) + 4 {
		starts = append(starts, at)
	}
	return starts
}

// A record that is right in itself but missing, twice or in another place is noticed.
func TestRestore_recordsMoved(t *testing.T) {
	t.Parallel()
	dump := small(t)
	at := records(dump)
	head, one, two, end := dump[:at[0]], dump[at[0]:at[1]], dump[at[1]:at[2]], dump[at[2]:]
	for what, parts := range map[string][][]byte{
		"missing": {head, one, end}, "twice": {head, one, two, two, end}, "in another order": {head, two, one, end}, "none": {head, end},
	} {
		wantRefused(t, what, bytes.Join(parts, nil), transfer.ErrDump)
	}
}

// The number of timelines that were left out belongs to what is checked.
func TestRestore_endChanged(t *testing.T) {
	t.Parallel()
	dump := small(t)
	at := records(dump)[2]
	body := dump[at+9 : len(dump)-4]
	for i := range body {
		body[i] ^= 1
		binary.LittleEndian.PutUint32(dump[len(dump)-4:], crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
		wantRefused(t, fmt.Sprint("byte ", i, " of the end"), dump, transfer.ErrDump)
		body[i] ^= 1
	}
	short := append(bytes.Clone(dump[:at]), kindEnd, 0, 0, 0, 0)
	short = binary.LittleEndian.AppendUint32(short, crc32.Checksum(short[at:], crc32.MakeTable(crc32.Castagnoli)))
	wantRefused(t, "no end", append(short, 0, 0, 0, 0), transfer.ErrDump)
}

const kindEnd = 2

// A dump of a later release is told from a damaged one.
func TestRestore_laterVersion(t *testing.T) {
	t.Parallel()
	dump := small(t)
	binary.LittleEndian.PutUint32(dump[8:], 2)
	binary.LittleEndian.PutUint32(dump[12:], crc32.Checksum(dump[:12], crc32.MakeTable(crc32.Castagnoli)))
	wantRefused(t, "version 2", dump, transfer.ErrDumpVersion)
}

// A length that is not true takes no memory. This test is not parallel: it counts what is
// allocated meanwhile.
func TestRestore_falseLength(t *testing.T) {
	dump := small(t)[:16]
	frame := binary.LittleEndian.AppendUint32([]byte{1}, 200<<20)
	dump = append(dump, binary.LittleEndian.AppendUint32(frame, crc32.Checksum(frame, crc32.MakeTable(crc32.Castagnoli)))...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	wantRefused(t, "false length", dump, transfer.ErrDump)
	if runtime.ReadMemStats(&after); after.TotalAlloc-before.TotalAlloc > 50<<20 {
		t.Errorf("%d MB were allocated", (after.TotalAlloc-before.TotalAlloc)>>20)
	}
}

// A dump of a store with a damaged timeline ends, or leaves that out.
func TestDump_damagedTimeline(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	keys := many(t, timak.New(store, nil), 3)
	if _, err := store.Put(t.Context(), keys[1], []byte("no timeline"), nil); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	report, err := transfer.Dump(t.Context(), store, &file, nil)
	if !errors.Is(err, timak.ErrCorrupt) || report.After != keys[0] {
		t.Errorf("got %+v, %v, want ErrCorrupt", report, err)
	}
	wantRefused(t, "of a dump that failed", file.Bytes(), transfer.ErrDump)
	file.Reset()
	report, err = transfer.Dump(t.Context(), store, &file, &transfer.Options{Failed: func(string, error) error { return nil }})
	if err != nil || report.Timelines != 2 || report.Failed != 1 {
		t.Errorf("got %+v, %v, want 2 dumped and one not", report, err)
	}
	if n, err := transfer.Check(t.Context(), &file); n.Timelines != 2 || n.Failed != 1 || err != nil {
		t.Errorf("Check: got %+v, %v, want 2, and one left out", n, err)
	}
}

// What the file cannot take or give ends the transfer.
func TestDump_failingFile(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	many(t, timak.New(store, nil), 3)
	why := errors.New("disk full")
	if _, err := transfer.Dump(t.Context(), store, failing{why}, nil); !errors.Is(err, why) {
		t.Errorf("Dump: got %v, want %v", err, why)
	}
	if _, err := transfer.Restore(t.Context(), failing{why}, store, nil); !errors.Is(err, why) {
		t.Errorf("Restore: got %v, want %v", err, why)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := transfer.Restore(ended, bytes.NewReader(small(t)), store, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Restore with an ended context: got %v, want context.Canceled", err)
	}
}

// failing is a file that fails.
type failing struct{ why error }

func (f failing) Write([]byte) (int, error)      { return 0, f.why }
func (f failing) Read([]byte) (int, error)       { return 0, f.why }
func (f failing) Seek(int64, int) (int64, error) { return 0, nil }

var _ io.ReadSeeker = failing{}
