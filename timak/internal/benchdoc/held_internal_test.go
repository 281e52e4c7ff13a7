package main

import (
	"strings"
	"testing"
)

// Figures of the held transaction come before those without it, and a backlog has no writers.
func TestHeldOf(t *testing.T) {
	t.Parallel()
	all, err := parse(strings.NewReader(`pkg: example.com/endtoend
BenchmarkHeld/minute=5-2 	 12	 1000 baseline-changes/s	 20000 baseline-dead	 2 baseline-ms-lag	 50 baseline-ms-most-lag	 2 baseline-ms-write-p50	 20 baseline-ms-write-p99	 990 changes/s	 300000 dead	 2.5 ms-lag	 60 ms-most-lag	 2.2 ms-write-p50	 19 ms-write-p99
BenchmarkHeld/backlog-2 	 12	 30000 baseline-changes/s	 29000 changes/s
`))
	if err != nil {
		t.Fatal(err)
	}
	for step, want := range map[string]heldRow{
		"minute=5": {"minute=5", "990 (1000)", "2.5 ms (2.0 ms)", "60 ms (50 ms)", "300000 (20000)", "1.10×", "0.95×"},
		"backlog":  {About: "backlog", PerSecond: "29000 (30000)"},
	} {
		if got := heldOf(&all, "endtoend/Held/"+step, step); got != want {
			t.Errorf("%s: got %q\nwant %q", step, got, want)
		}
	}
}
