package wire_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/state"
	"github.com/timak-go/timak/timak/internal/wire"
)

const key = "a key"

// A property that fails prints the shrunk case and a seed; go test -run NAME
// -rapid.seed=SEED runs the same cases again.

func encode(t rapid.TB, key string, s state.State, compress bool) []byte {
	t.Helper()
	value, err := wire.Encode(key, &s, compress)
	if err != nil {
		t.Fatalf("Encode(%q, %+v): %v", key, s, err)
	}
	return value
}

func diff(got, want any) string { return cmp.Diff(want, got, cmpopts.EquateEmpty()) }

// states draws any state that can be encoded: names and data of any bytes, dates
// and versions in their full range.
func states() *rapid.Generator[state.State] {
	return rapid.Custom(func(t *rapid.T) state.State {
		s := state.State{Horizon: rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Min(0)).Draw(t, "horizon")}
		for range rapid.IntRange(0, 9).Draw(t, "changes") {
			id, version := names().Draw(t, "id"), rapid.Int64Min(1).Draw(t, "version")
			order := rapid.SampledFrom([]state.Order{state.NewestFirst, state.OldestFirst}).Draw(t, "order")
			at := state.Position{Date: rapid.Int64().Draw(t, "date"), ID: id}
			moment := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Min(0), rapid.Just(int64(state.Unknown))).Draw(t, "moment")
			switch rapid.IntRange(0, 7).Draw(t, "kind") {
			case 7:
				s.Heal(order, at, nil, moment)
			case 6:
				s.RaiseFloor(order, at, moment)
			case 0:
				s.Remove(id, version)
			case 1:
				s.RemoveSource(id, version)
			case 2:
				s.RemoveEntry(id, names().Draw(t, "source"), version)
			default:
				s.PutBefore(state.Entry{
					ID: id, Source: names().Draw(t, "source"), Version: version, Live: true,
					Date: rapid.Int64().Draw(t, "date"), Data: state.Plain(rapid.SliceOf(rapid.Byte()).Draw(t, "data")),
				}, moment)
			}
		}
		return s
	})
}

// names draws names with common prefixes, as ids have, and any others.
func names() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom([]string{"", "posts:1", "posts:12", "posts:13", "users:1", strings.Repeat("n", 512)}),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 12), func(b []byte) string { return string(b) }),
	)
}

func TestDecodeReturnsWhatWasEncoded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key, want := names().Draw(t, "key"), states().Draw(t, "state")
		for _, compress := range []bool{false, true} {
			value := encode(t, key, want, compress)
			got, err := wire.Decode(key, value)
			if err != nil || diff(got, want) != "" {
				t.Fatalf("compress %v: Decode of %x: %v (-want +got)\n%s", compress, value, err, diff(got, want))
			}
		}
	})
}

// The same state always gives the same bytes, whatever was encoded before: this is
// how a write that changes nothing is recognised.
func TestEncodeIsDeterministic(t *testing.T) {
	t.Parallel()
	for n := range 20 {
		s := timeline(10 * n)
		want := encode(t, key, s, true)
		for other := range 10 {
			encode(t, key, timeline(other*7), true)
			if got := encode(t, key, s, true); !bytes.Equal(got, want) {
				t.Fatalf("%d items: got %x, then %x", 10*n, want, got)
			}
		}
	}
}

// timeline returns a state of n items like that of an application.
func timeline(n int) state.State {
	var s state.State
	for i := range n {
		s.Put(state.Entry{
			ID: fmt.Sprintf("posts:%d", i), Version: int64(1_700_000_000_000_000 + i), Live: true,
			Date: int64(1_700_000_000_000_000 + i), Data: state.Plain(fmt.Appendf(nil, `{"id":%d,"title":"Title number %d"}`, i, i)),
		})
	}
	return s
}

func TestCompressionPays(t *testing.T) {
	t.Parallel()
	s := timeline(100)
	plain, packed := len(encode(t, key, s, false)), len(encode(t, key, s, true))
	if packed > plain/2 {
		t.Errorf("100 items: got %d bytes compressed, %d uncompressed; want less than half", packed, plain)
	}
	tiny := timeline(0)
	if plain, packed := encode(t, key, tiny, false), encode(t, key, tiny, true); !bytes.Equal(plain, packed) {
		t.Errorf("an empty timeline: got %x compressed, want %x as it is", packed, plain)
	}
}

// Decode accepts whatever Encode returns; Encode refuses what Decode would not
// accept.
func TestSizeLimit(t *testing.T) {
	t.Parallel()
	const limit = 64 << 20
	withData := func(n int) state.State {
		return state.State{Entries: []state.Entry{{ID: "a", Version: 1, Live: true, Data: state.Plain(make([]byte, n))}}}
	}
	rest := len(encode(t, key, withData(limit-1000), false)) - (limit - 1000)
	for _, compress := range []bool{false, true} {
		s := withData(limit - rest)
		if got, err := wire.Decode(key, encode(t, key, s, compress)); err != nil || got.Entries[0].Data.Len() != limit-rest {
			t.Fatalf("%d bytes of data, compress %v: %v", limit-rest, compress, err)
		}
	}
	s := withData(limit - rest + 8)
	if _, err := wire.Encode(key, &s, true); !errors.Is(err, driver.ErrTooLarge) {
		t.Errorf("%d bytes of data: got error %v, want driver.ErrTooLarge", limit-rest+8, err)
	}
}

// Long names that differ only at their ends are short when stored, but not in
// memory.
func TestUnfoldedNamesHaveALimit(t *testing.T) {
	t.Parallel()
	covers := make([]state.Cover, 1<<17)
	for i := range covers {
		covers[i] = state.Cover{Name: fmt.Sprintf("%0512d", i), Version: 1}
	}
	fits, over := state.State{Items: covers}, state.State{Items: covers, Sources: covers[:1]}
	if got, err := wire.Decode(key, encode(t, key, fits, true)); err != nil || !slices.Equal(got.Items, covers) {
		t.Errorf("64 MiB of names: got %d of %d, %v", len(got.Items), len(covers), err)
	}
	if _, err := wire.Encode(key, &over, true); !errors.Is(err, driver.ErrTooLarge) {
		t.Errorf("64 MiB of names and one more: got error %v, want driver.ErrTooLarge", err)
	}
}
