package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// twice is the output of go test for two runs of one package.
const twice = `goos: linux
pkg: example.org/feeds/store
cpu: A Processor @ 3 GHz
BenchmarkGet/no_data-8         	     100	     20.5 ns/op	         2.000 x-cost
    store_test.go:12: BenchmarkGet has logged this
BenchmarkGet/no_data-8         	     300	     10 ns/op	         1.500 x-cost
BenchmarkWriters/sha-256
BenchmarkWriters/sha-256-8     	       1	     7 x-faster
PASS
`

func TestParse(t *testing.T) {
	t.Parallel()
	got, err := parse(strings.NewReader(twice))
	if err != nil {
		t.Fatal(err)
	}
	want := results{
		cpu:   "A Processor @ 3 GHz",
		order: []string{"store/Get/no_data", "store/Writers/sha-256"},
		runs: map[string]map[string][]float64{
			"store/Get/no_data":     {"ns/op": {20.5, 10}, "x-cost": {2, 1.5}},
			"store/Writers/sha-256": {"x-faster": {7}},
		},
	}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(results{})); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// TestParse_failed: the figures of a failed run are not shown.
func TestParse_failed(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"--- FAIL: BenchmarkGet", "FAIL\texample.org/feeds/store [build failed]", "panic: runtime error"} {
		if _, err := parse(strings.NewReader(twice + line + "\n")); err == nil {
			t.Errorf("%q: got no error", line)
		}
	}
}

// TestMissed: which side of a target counts as a miss.
func TestMissed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		figure      figure
		got, allocs float64
		want        bool
	}{
		{figure{target: 2}, 2, 0, false},
		{figure{target: 2}, 2.1, 0, true},
		{figure{target: 2, atLeast: true}, 2, 0, false},
		{figure{target: 2, atLeast: true}, 1.9, 0, true},
		{figure{target: 2, allocs: 40}, 1, 41, true},
		{figure{target: 2, allocs: 40}, 1, 40, false},
		{figure{}, 9, 0, false},
	} {
		if got := tt.figure.missed(tt.got, tt.allocs); got != tt.want {
			t.Errorf("%+v, got %v and %v allocations: missed %v, want %v", tt.figure, tt.got, tt.allocs, got, tt.want)
		}
	}
}
