package wire_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/timak-go/timak/timak/internal/state"
	"github.com/timak-go/timak/timak/internal/wire"
)

// decodeScores reads an ancestor's list with one item per score, whose id is its
// index, and returns the items' dates by index.
func decodeScores(t *testing.T, scores ...string) []int64 {
	t.Helper()
	value := "["
	for i, score := range scores {
		if i > 0 {
			value += ", "
		}
		value += fmt.Sprintf(`{"id": %d, "score": %s, "modified": 1321963500000}`, i, score)
	}
	got, err := wire.Decode("k", []byte(value+"]"))
	if err != nil {
		t.Fatalf("scores %v: %v", scores, err)
	}
	dates := make([]int64, len(scores))
	for _, entry := range got.Entries {
		place, err := strconv.Atoi(entry.ID)
		if err != nil || !entry.Live {
			t.Fatalf("scores %v: got the entry %+v", scores, entry)
		}
		dates[place] = entry.Date
	}
	if len(got.Entries) != len(scores) {
		t.Fatalf("scores %v: got %d entries", scores, len(got.Entries))
	}
	return dates
}

// The scores are written as Python writes them.
func TestDecodeAncestor_scores(t *testing.T) {
	t.Parallel()
	for score, want := range map[string]int64{
		"0":                       0,
		"-0.0":                    0,
		"-5":                      -5000,
		"1321963440000":           1321963440000000,
		"1321963440000.0":         1321963440000000,
		"1321963440000.123":       1321963440000123,
		"1.5":                     1500,
		"-1.5":                    -1500,
		"0.0004":                  0,
		"0.0006":                  1,
		"-0.0006":                 -1,
		"1e-07":                   0,
		"1.3219634e+12":           1321963400000000,
		"9223372036854775":        9223372036854775000,
		"9223372036854776":        math.MaxInt64,
		"9223372036854775807":     math.MaxInt64,
		"-9223372036854775":       -9223372036854775000,
		"-9223372036854776":       math.MinInt64,
		"1180591620717411303424":  math.MaxInt64, // 2 ** 70
		"-1180591620717411303424": math.MinInt64,
		"1e+20":                   math.MaxInt64,
		"-1e+20":                  math.MinInt64,
		"1.7976931348623157e+308": math.MaxInt64,
		"Infinity":                math.MaxInt64,
		"-Infinity":               math.MinInt64,
		"NaN":                     1321963500000000,
	} {
		if got := decodeScores(t, score)[0]; got != want {
			t.Errorf("score %s: got %d, want %d", score, got, want)
		}
	}
}

// An item whose score is not a number could not be placed.
func TestDecodeAncestor_scoresThatAreNone(t *testing.T) {
	t.Parallel()
	for _, score := range []string{`null`, `true`, `"1"`, `"NaN"`, `[1]`, `{}`, `""`, `nan`, `+1`, `--Infinity`, `NaNNaN`, `1NaN`} {
		value := fmt.Sprintf(`[{"id": 1, "score": %s, "modified": 1}]`, score)
		if got, err := wire.Decode("k", []byte(value)); !errors.Is(err, wire.ErrCorrupt) {
			t.Errorf("score %s: got %v, %v, want ErrCorrupt", score, got, err)
		}
	}
}

// Whatever the numbers, integers and floats mixed, a greater score never gives an
// earlier date.
func TestDecodeAncestor_scoresKeepTheirOrder(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	var scores []string
	number := map[string]float64{}
	add := func(literal string, f float64) {
		scores = append(scores, literal)
		number[literal] = f
	}
	for range 500 {
		f := math.Float64frombits(random.Uint64())
		if math.IsNaN(f) || math.IsInf(f, 0) {
			continue
		}
		near := math.Ldexp(random.Float64()*2-1, random.IntN(66))
		for _, f := range []float64{f, near, math.Trunc(near), math.Nextafter(near, math.Inf(1))} {
			literal := strconv.FormatFloat(f, 'g', -1, 64)
			add(literal, f)
			if whole := int64(f); math.Abs(f) < 1<<53 && f == math.Trunc(f) {
				add(strconv.FormatInt(whole, 10), f)
			}
		}
	}
	add("Infinity", math.Inf(1))
	add("-Infinity", math.Inf(-1))
	slices.SortFunc(scores, func(a, b string) int {
		switch {
		case number[a] < number[b]:
			return -1
		case number[a] > number[b]:
			return 1
		}
		return 0
	})
	dates := decodeScores(t, scores...)
	for i := 1; i < len(dates); i++ {
		if dates[i-1] > dates[i] {
			t.Fatalf("seed %d: %s is %d, and %s is %d", seed, scores[i-1], dates[i-1], scores[i], dates[i])
		}
	}
}

// Numbers that JSON does not have become null in data, where nobody could read
// them, and stay unchanged inside strings.
func TestDecodeAncestor_dataThatIsNoJSON(t *testing.T) {
	t.Parallel()
	value := `[{"id": "NaN", "score": 1, "modified": 1, "data": {"a\"NaN\\": [NaN,Infinity, -Infinity, -1, 10e999], "Infinity": "-Infinity, \"NaN", "b": 1.5}},` +
		` {"id": "b", "score": NaN, "modified": 2, "data": NaN, "deleted": false}]`
	got, err := wire.Decode("k", []byte(value))
	if err != nil {
		t.Fatal(err)
	}
	want := state.State{Entries: []state.Entry{
		{ID: "NaN", Version: 1000, Live: true, Date: 1000, Data: state.Plain([]byte(`{"a\"NaN\\": [null,null, null, -1, 10e999], "Infinity": "-Infinity, \"NaN", "b": 1.5}`))},
		{ID: "b", Version: 2000, Live: true, Date: 2000},
	}}
	want.Sort()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, id := range []string{"NaN", "Infinity", "-Infinity", "[NaN]"} {
		value := fmt.Sprintf(`[{"id": %s, "score": 1, "modified": 1}]`, id)
		if got, err := wire.Decode("k", []byte(value)); !errors.Is(err, wire.ErrCorrupt) {
			t.Errorf("id %s: got %v, %v, want ErrCorrupt", id, got, err)
		}
	}
}
