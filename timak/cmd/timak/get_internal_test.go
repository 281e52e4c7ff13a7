package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/state"
	"github.com/timak-go/timak/timak/memstore"
)

func TestGet(t *testing.T) {
	t.Parallel()
	store := bolt(t, func(store driver.Store) { fill(t, store) })
	call(t, "get", "-store", store, "author:7").wantOut(t,
		"2026-01-01T00:00:02.000000Z  p2  -  -",
		"2026-01-01T00:00:01.000000Z  p1  s  first")
	call(t, "get", "author:7", "-order", "oldest", "-limit=1", "-store", store).wantOut(t,
		"2026-01-01T00:00:01.000000Z  p1  s  first")
	call(t, "TIMAK_STORE="+store, "get", "-json", "author:7").wantOut(t,
		`{"id":"p2","at":"2026-01-01T00:00:02.000000Z"}`,
		`{"id":"p1","at":"2026-01-01T00:00:01.000000Z","source":"s","data":"first"}`)
	call(t, "get", "-store", store, "bounded").wantOut(t, // its siblings are merged
		"2026-01-01T00:00:04.000000Z  d  -  -",
		"2026-01-01T00:00:03.000000Z  c  -  -",
		"2026-01-01T00:00:02.000000Z  b  -  -")
	absent := call(t, "get", "-store", store, "nobody").want(t, codeDone, "there is nothing under nobody")
	if absent.out != "" {
		t.Errorf("an absent timeline: got %q", absent.out)
	}
}

func TestGet_entries(t *testing.T) {
	t.Parallel()
	store := bolt(t, func(store driver.Store) { fill(t, store) })
	got := call(t, "get", "-store", store, "-entries", "author:7").want(t, codeDone,
		"timeline author:7: 1 sibling, 2 entries, 3 tombstones", "sibling 1: ", " bytes, 2 entries, 3 tombstones")
	for _, row := range []string{
		"kind id source date version data",
		"entry p2 - 2026-01-01T00:00:02.000000Z 3 -",
		"entry p1 s 2026-01-01T00:00:01.000000Z 7 5 bytes",
		"removed entry p4 s - 9 -",
		"removed item p3 - - 8 -",
		"removed source - t - 10 -",
	} {
		if !strings.Contains(strings.Join(strings.Fields(got.out), " "), row) {
			t.Errorf("%q was not printed:\n%s", row, got.out)
		}
	}
	call(t, "get", "-store", store, "-entries", "bounded").want(t, codeDone, "timeline bounded: 2 siblings, 3 entries, 0 tombstones",
		"sibling 2: ", "floor: 2026-01-01T00:00:01.000000Z a, newest first")
	lines := strings.Split(call(t, "get", "-store", store, "-entries", "-json", "bounded").want(t, codeDone).out, "\n")
	if want := `{"kind":"timeline","key":"bounded","siblings":2,"entries":3,"floor":{"order":"newest first","at":"2026-01-01T00:00:01.000000Z","id":"a"}}`; lines[0] != want {
		t.Errorf("got\n%s\nwant\n%s", lines[0], want)
	}
	if len(lines) != 1+2+3+1 {
		t.Errorf("got %d lines, want one, two siblings and three entries:\n%s", len(lines)-1, strings.Join(lines, "\n"))
	}
}

// A damaged sibling is named; the others are shown, and the code says that not all is well.
func TestGet_damaged(t *testing.T) {
	t.Parallel()
	store := bolt(t, func(store driver.Store) {
		apply(t, store, "k", put("a", 1))
		if _, err := store.Put(t.Context(), "k", []byte("no timeline"), nil); err != nil {
			t.Fatal(err)
		}
	})
	for _, entries := range []string{"-entries=false", "-entries=true"} {
		call(t, "get", "-store", store, entries, "k").want(t, codeError, "2026-01-01T00:00:01.000000Z", "sibling 2 of k: stored value is damaged")
	}
	call(t, "get", "-store", store, "-entries", "-json", "k").want(t, codeError, `"error":"stored value is damaged`)
}

// get writes nothing, where an engine would merge the siblings that it meets.
func TestGet_writesNothing(t *testing.T) {
	t.Parallel()
	store := postgres(t)
	a, err := addressOf(store)
	if err != nil {
		t.Fatal(err)
	}
	open, err := a.open(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = open.Close() }()
	fill(t, open)
	for range 3 {
		call(t, "get", "-store", store, "-entries", "bounded").want(t, codeDone, "2 siblings")
	}
}

// Bytes that a terminal would act on are shown as they are written in Go, and read so.
func TestBytesOnATerminal(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"author:7": "author:7", "日本語": "日本語", "a b": "a b", "it's": "it's", `a"b`: `a"b`, `a\nb`: `a\nb`,
		"\x00seen\x00k": `"\x00seen\x00k"`, "\x1b[31m": `"\x1b[31m"`, "\xff": `"\xff"`, "\u202e": `"\u202e"`, "\u009b": `"\u009b"`,
		" a": `" a"`, "a\n": `"a\n"`, `"`: `"\""`, "": `""`, "\u200d": `"\u200d"`, "\u00a0": `"\u00a0"`, "\x7f": `"\x7f"`,
	} {
		got := shown(key)
		if got != want {
			t.Errorf("%q: got %s, want %s", key, got, want)
		}
		if back, err := keyOf(got); back != key || err != nil {
			t.Errorf("%q is read as %q, %v", key, back, err)
		}
	}
	if got := argument("it's \x00"); got != `'"it'\''s \x00"'` {
		t.Errorf("argument: got %s", got)
	}
	store := bolt(t, func(store driver.Store) { fill(t, store) })
	all := call(t, "keys", "-store", store).want(t, codeDone).out + call(t, "get", "-store", store, `"\x1b[31mred\xff\n"`).want(t, codeDone).out +
		call(t, "get", "-entries", "-store", store, `"\x1b[31mred\xff\n"`).want(t, codeDone).out
	if strings.ContainsAny(all, "\x1b\a\x00") || !utf8.ValidString(all) || !strings.Contains(all, `"\x1b]0;title\a"`) {
		t.Errorf("bytes of users were printed: %q", all)
	}
	call(t, "get", "-store", store, `"\x1b`).want(t, codeUsage, "as in Go")
}

// JSON says every text exactly.
func TestJSON_texts(t *testing.T) {
	t.Parallel()
	for in, want := range map[text]string{"a": `"a"`, "\x00é": `"\u0000é"`, "\xff\x00": `{"base64":"/wA="}`, "": `""`} {
		if got, err := json.Marshal(in); string(got) != want || err != nil {
			t.Errorf("%q: got %s, %v, want %s", in, got, err, want)
		}
	}
}

// What was added to a sibling is shown as that.
func TestLook_additions(t *testing.T) {
	t.Parallel()
	store := memstore.NewAdder()
	engine := timak.New(store, nil)
	for _, id := range []string{"a", "b"} {
		if _, err := engine.Apply(t.Context(), "k", timak.Put(timak.Item{ID: id})); err != nil {
			t.Fatal(err)
		}
	}
	object, err := store.Get(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := look("k", object).print(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"timeline k: 1 sibling, 1 addition, 2 entries", "sibling 1: ", "addition 2: "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("got\n%s, want %q", out.String(), want)
		}
	}
}

// The siblings are shown as they are stored, and not as merged with the others.
func TestLook_siblingsAreApart(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	apply(t, store, "k", put("a", 1))
	one, err := store.Get(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	apply(t, store, "k", put("b", 2), timak.Remove("a").WithVersion(9))
	two, err := store.Get(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	found := look("k", driver.Object{Siblings: append(one.Siblings, two.Siblings...)})
	var got []string
	for _, s := range []state.State{found.siblings[0].state, found.siblings[1].state, found.state} {
		for _, e := range s.Live() {
			got = append(got, e.ID)
		}
	}
	if !slices.Equal(got, []string{"a", "b", "b"}) || found.err() != nil {
		t.Errorf("got %q in the siblings and their merge, %v, want a, b and b", got, found.err())
	}
}
