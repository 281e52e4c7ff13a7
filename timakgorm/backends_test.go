package timakgorm_test

import (
	"testing"

	"github.com/timak-go/timak/timakgorm"
)

// captures are the values of Options.Capture, by name.
var captures = []struct {
	name string
	timakgorm.Capture
}{{"Callbacks", timakgorm.Callbacks}, {"Triggers", timakgorm.Triggers}}

// byBoth runs a test with both captures.
func byBoth(t *testing.T, test func(t *testing.T, by timakgorm.Capture)) {
	for _, capture := range captures {
		t.Run(capture.name, func(t *testing.T) {
			t.Parallel()
			test(t, capture.Capture)
		})
	}
}

// onBothByBoth runs a test on every database, with both captures.
func onBothByBoth(t *testing.T, test func(t *testing.T, dialect string, by timakgorm.Capture)) {
	onBoth(t, func(t *testing.T, dialect string) {
		byBoth(t, func(t *testing.T, by timakgorm.Capture) { test(t, dialect, by) })
	})
}

// worldBy is a world whose changes are captured in one way.
func worldBy(t testing.TB, by timakgorm.Capture, s setup) *world {
	t.Helper()
	if by == timakgorm.Triggers {
		return triggerWorld(t, s)
	}
	return newWorld(t, s)
}
