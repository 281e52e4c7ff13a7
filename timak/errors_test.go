package timak_test

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
)

// misuse is one way to provoke a sentinel.
type misuse struct {
	sentinel string
	about    string
	want     error
	says     []string // in the message: the limit, and what was given
	call     func(ctx context.Context, r replica) error
}

func misuses() []misuse {
	long := strings.Repeat("n", 513)
	after := at(1<<63 - 1).Add(time.Microsecond)
	before := at(-1 << 63).Add(-time.Nanosecond)
	return slices.Concat(
		misusesOf("ErrKey", timak.ErrKey, []string{"1 to 512 bytes", "got "}, map[string]func(context.Context, replica) error{
			"get, empty": func(ctx context.Context, r replica) error { _, err := r.Get(ctx, ""); return err },
			"get, long":  func(ctx context.Context, r replica) error { _, err := r.Get(ctx, long); return err },
			"add": func(ctx context.Context, r replica) error {
				_, err := r.Add(ctx, long, timak.Item{ID: "a"})
				return err
			},
			"delete": func(ctx context.Context, r replica) error { _, err := r.Delete(ctx, "", "a"); return err },
			"apply":  func(ctx context.Context, r replica) error { _, err := r.Apply(ctx, long); return err },
			"page":   func(ctx context.Context, r replica) error { _, err := r.Page(ctx, "", timak.Query{}); return err },
			"page of": func(ctx context.Context, r replica) error {
				_, err := r.PageOf(ctx, []string{key, long}, timak.Query{})
				return err
			},
		}),
		opMisuses("ErrID", timak.ErrID, []string{"1 to 512 bytes"}, map[string]timak.Op{
			"put, empty": timak.Put(timak.Item{}), "put, long": timak.Put(timak.Item{ID: long}),
			"remove": timak.Remove(""), "remove entry": timak.RemoveEntry(long, "p"), "the zero Op": {},
		}),
		opMisuses("ErrSource", timak.ErrSource, []string{"1 to 512 bytes", "got "}, map[string]timak.Op{
			"put": timak.Put(timak.Item{ID: "b", Source: long}), "remove entry": timak.RemoveEntry("a", long),
			"remove source, empty": timak.RemoveSource(""), "remove source, long": timak.RemoveSource(long),
		}),
		opMisuses("ErrData", timak.ErrData, []string{"limit of 100 bytes", `"b" has 101`}, map[string]timak.Op{
			"put": timak.Put(timak.Item{ID: "b", Data: make([]byte, 101)}),
		}),
		opMisuses("ErrDate", timak.ErrDate, []string{"int64 microseconds", `"b" is at`}, map[string]timak.Op{
			"after": timak.Put(timak.Item{ID: "b", At: after}), "before": timak.Put(timak.Item{ID: "b", At: before}),
			"far after": timak.Put(timak.Item{ID: "b", At: time.Unix(1<<60, 0)}),
			"heal from": timak.Heal(timak.Place{ID: "b", At: after}, nil, 1), "heal to": timak.Heal(timak.Place{}, &timak.Place{ID: "b", At: before}, 1),
		}),
		opMisuses("ErrVersion", timak.ErrVersion, []string{"1 to 4611686018427387904", "got "}, map[string]timak.Op{
			"below 1": timak.Put(timak.Item{ID: "b"}).WithVersion(-1), "above": timak.Remove("a").WithVersion(timak.MaxVersion + 1),
			"heal": timak.Heal(timak.Place{}, nil, 0), "heal, above": timak.Heal(timak.Place{}, nil, timak.MaxVersion+1),
		}),
		pageMisuses("ErrLimit", timak.ErrLimit, []string{"1 to 1000", "got "}, []string{key}, timak.Query{Limit: -1}, timak.Query{Limit: 1001}),
		pageMisuses("ErrKeys", timak.ErrKeys, []string{"between 1 and 100", "got 0"}, nil, timak.Query{}),
		pageMisuses("ErrKeys", timak.ErrKeys, []string{"between 1 and 100", "got 101"}, make([]string, 101), timak.Query{}),
		pageMisuses("ErrBadCursor", timak.ErrBadCursor, []string{"damaged or belongs to another", `"none"`}, []string{key}, timak.Query{Cursor: "none"}),
		misusesOf("ErrCorrupt", timak.ErrCorrupt, []string{"damaged"}, map[string]func(context.Context, replica) error{
			"add": func(ctx context.Context, r replica) error {
				_, err := r.Add(ctx, "damaged", timak.Item{ID: "a"})
				return err
			},
		}),
	)
}

func misusesOf(sentinel string, want error, says []string, calls map[string]func(context.Context, replica) error) (out []misuse) {
	for about, call := range calls {
		out = append(out, misuse{sentinel, about, want, says, call})
	}
	return out
}

// opMisuses apply a bad op after a good one.
func opMisuses(sentinel string, want error, says []string, ops map[string]timak.Op) (out []misuse) {
	for about, op := range ops {
		out = append(out, misuse{sentinel, about, want, says, func(ctx context.Context, r replica) error {
			_, err := r.Apply(ctx, key, timak.Put(timak.Item{ID: "good"}), op)
			return err
		}})
	}
	return out
}

func pageMisuses(sentinel string, want error, says, keys []string, queries ...timak.Query) (out []misuse) {
	for _, query := range queries {
		out = append(out, misuse{sentinel, "page", want, says, func(ctx context.Context, r replica) error {
			_, err := r.PageOf(ctx, keys, query)
			return err
		}})
	}
	return out
}

func TestMisuse(t *testing.T) {
	t.Parallel()
	for _, tt := range misuses() {
		t.Run(tt.sentinel+"/"+tt.about, func(t *testing.T) {
			t.Parallel()
			store, puts := countingPuts()
			r := replicaOver(store, timak.Options{MaxData: 100})
			r.apply(t, timak.Put(timak.Item{ID: "a"}))
			if _, err := store.Put(t.Context(), "damaged", []byte("tk"), nil); err != nil {
				t.Fatal(err)
			}
			before := puts.Load()
			err := tt.call(t.Context(), r)
			if !errors.Is(err, tt.want) {
				t.Fatalf("got error %v, want %s", err, tt.sentinel)
			}
			for _, want := range append(tt.says, "timak: ") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got message %q, want %q in it", err, want)
				}
			}
			if stored := puts.Load() - before; stored != 0 {
				t.Errorf("%d values were stored, want none", stored)
			}
			wantIDs(t, r, "afterwards", "a")
		})
	}
}

// Every sentinel that the package declares has a misuse.
func TestEverySentinelIsTested(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Err") {
			return true
		}
		if name := spec.Names[0].Name; !slices.ContainsFunc(misuses(), func(m misuse) bool { return m.sentinel == name }) {
			t.Errorf("%s: no misuse provokes it", name)
		}
		return true
	})
}

// A query comes from a reader, who may be shown what is wrong with it but not the
// timeline's key.
func TestQueryErrorsDoNotNameTheKey(t *testing.T) {
	t.Parallel()
	r := newReplica(timak.Options{})
	r.apply(t, timak.Put(timak.Item{ID: "a"}))
	another := r.page(t, timak.Query{}, key).Next
	for want, query := range map[string]timak.Query{
		`timak: page: cursor is damaged or belongs to another timeline: "none"`:            {Cursor: "none"},
		`timak: page: cursor is damaged or belongs to another timeline: "` + another + `"`: {Cursor: another},
		`timak: page: cursor is damaged or belongs to another timeline: 1024 bytes long`:   {Cursor: strings.Repeat("A", 1024)},
		`timak: page: limit must be 1 to 1000, got 1001`:                                   {Limit: 1001},
	} {
		if _, err := r.Page(t.Context(), "secret:key", query); err == nil || err.Error() != want {
			t.Errorf("%+v: got %v, want %s", query, err, want)
		}
	}
}

// Values just within the limits are stored.
func TestLimitsAreInclusive(t *testing.T) {
	t.Parallel()
	r := newReplica(timak.Options{MaxData: 100})
	long := strings.Repeat("n", 512)
	want := []timak.Item{
		{ID: long, At: at(1<<63 - 1).Add(999 * time.Nanosecond), Data: make([]byte, 100), Source: long},
		{ID: "\x00", At: at(-1 << 63)},
	}
	for _, item := range want {
		if _, err := r.Apply(t.Context(), long, timak.Put(item).WithVersion(timak.MaxVersion)); err != nil {
			t.Fatalf("Put(%+v): %v", item, err)
		}
	}
	want[0].At = at(1<<63 - 1) // to the microsecond
	got, err := r.Page(t.Context(), long, timak.Query{Limit: 1000})
	if err != nil || diff(got.Items, want) != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff(got.Items, want))
	}
	if _, err := r.Delete(t.Context(), long, long); err != nil {
		t.Fatal(err)
	}
	if left, err := r.Get(t.Context(), long); err != nil || left.Len() != 1 {
		t.Errorf("a deletion after version MaxVersion: got %q, %v; want one item left", left.IDs(), err)
	}
}

// A timeline that could not be read back is not stored.
func TestTooLargeToReadBack(t *testing.T) {
	t.Parallel()
	store, puts := countingPuts()
	r := replicaOver(store, timak.Options{MaxData: 70 << 20})
	_, err := r.Add(t.Context(), key, timak.Item{ID: "a", Data: make([]byte, 64<<20)})
	if !errors.Is(err, driver.ErrTooLarge) || puts.Load() != 0 {
		t.Errorf("64 MiB of data: got error %v and %d puts, want driver.ErrTooLarge and none", err, puts.Load())
	}
	wantIDs(t, r, "afterwards")
}

// Errors of the store are passed on, with the verb and the key.
func TestStoreErrorsComeThrough(t *testing.T) {
	t.Parallel()
	r := newReplica(timak.Options{})
	if err := r.store.Close(); err != nil {
		t.Fatal(err)
	}
	_, getErr := r.Get(t.Context(), key)
	_, addErr := r.Add(t.Context(), key, timak.Item{ID: "a"})
	_, deleteErr := r.Delete(t.Context(), key, "a")
	_, applyErr := r.Apply(t.Context(), key)
	_, pageErr := r.Page(t.Context(), key, timak.Query{})
	for verb, err := range map[string]error{"get": getErr, "add": addErr, "delete": deleteErr, "apply to": applyErr, "page of": pageErr} {
		if want := "timak: " + verb + ` "` + key + `"`; !errors.Is(err, driver.ErrClosed) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v; want %s… and driver.ErrClosed", err, want)
		}
	}
}
