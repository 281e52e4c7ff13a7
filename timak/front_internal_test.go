package timak

import "testing"

// How many bytes are asked for, after pages that needed so many.
func TestFrontLength(t *testing.T) {
	t.Parallel()
	var f front
	for _, step := range []struct{ needed, want int }{
		{0, leastFront},
		{100, leastFront},
		{mostFront + 1, leastFront}, // is read as a whole
		{20_480, 25_600},
		{0, 25_600}, // says nothing
		{25_600, 25_600},
		{12_800, 25_600},
		{100, 25_575},
		{mostFront, mostFront},
	} {
		f.needed(step.needed)
		if got := f.length(); got != step.want {
			t.Fatalf("after a page that needed %d: got %d, want %d", step.needed, got, step.want)
		}
	}
}
