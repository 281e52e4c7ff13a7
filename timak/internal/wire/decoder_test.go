package wire_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/timak-go/timak/timak/internal/state"
	"github.com/timak-go/timak/timak/internal/wire"
)

// Siblings that are decoded and merged together say what each of them says alone,
// whether they derive from one value or several, and whatever each of them has
// changed.
func TestDecoder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		var version int64
		edited := func(s *state.State, changes int) {
			for range changes {
				version++
				drawn{dates: 200, sources: 3, strays: 1000}.changeIn(random, version).apply(s)
			}
		}
		var common, other state.State
		edited(&common, 150)
		edited(&other, 50)
		origins := [][]byte{encode(t, key, common, true), encode(t, key, common, true), encode(t, key, other, true)}
		var decoder wire.Decoder
		var merged, want state.State
		for n := range 6 {
			value := origins[random.IntN(len(origins))]
			s := mustRead(t, value)
			edited(&s, random.IntN(6))
			if random.IntN(4) == 0 {
				s.Collect(version - 30)
			}
			value = encode(t, key, s, random.IntN(4) > 0)
			got, err := decoder.Decode(key, value)
			if err != nil || diff(got, s) != "" {
				t.Fatalf("sibling %d: %v (-want +got)\n%s", n, err, diff(got, s))
			}
			merged.Absorb(got)
			want = state.Merge(want, mustRead(t, value))
			if diff(merged, want) != "" {
				t.Fatalf("%d siblings (-want +got)\n%s", n+1, diff(merged, want))
			}
		}
	})
}

// Blocks with the same bytes hold different entries if the names, the sources or
// the dates that they count from differ.
func TestDecoder_otherMeanings(t *testing.T) {
	t.Parallel()
	first := state.Entry{ID: "posts:1", Source: "a", Version: 9, Live: true, Date: 5}
	named, sourced, dated := first, first, first
	named.ID, sourced.Source, dated.Date = "likes:1", "b", 6
	for _, other := range []state.Entry{named, sourced, dated} {
		var decoder wire.Decoder
		for _, e := range []state.Entry{first, other} {
			want := state.State{Entries: []state.Entry{e}}
			got, err := decoder.Decode(key, encode(t, key, want, false))
			if err != nil || diff(got, want) != "" {
				t.Errorf("%+v: %v (-want +got)\n%s", e, err, diff(got, want))
			}
		}
	}
}

// A damaged sibling is detected wherever it comes, and so is one of another key.
func TestDecoderFindsDamage(t *testing.T) {
	t.Parallel()
	good, bad := encode(t, key, timeline(100), true), encode(t, key, timeline(100), true)
	bad[len(bad)/2] ^= 1
	for _, values := range [][][]byte{{good, bad, good}, {bad, good, bad}, {good, encode(t, "another", timeline(100), true), good}} {
		var decoder wire.Decoder
		for i, value := range values {
			_, want := wire.Decode(key, value)
			if _, err := decoder.Decode(key, value); fmt.Sprint(err) != fmt.Sprint(want) {
				t.Errorf("sibling %d: got error %v, want %v", i, err, want)
			}
		}
	}
}
