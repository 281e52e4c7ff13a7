package world

import (
	"testing"

	"github.com/timak-go/timak/timakgorm"
)

// Captures are the values of Options.Capture, by name.
var Captures = []struct {
	Name string
	timakgorm.Capture
}{{"Callbacks", timakgorm.Callbacks}, {"Triggers", timakgorm.Triggers}}

// ByBoth runs a test with both captures.
func ByBoth(t *testing.T, test func(t *testing.T, by timakgorm.Capture)) {
	for _, capture := range Captures {
		t.Run(capture.Name, func(t *testing.T) {
			t.Parallel()
			test(t, capture.Capture)
		})
	}
}

// OnBothByBoth runs a test on every database, with both captures.
func OnBothByBoth(t *testing.T, test func(t *testing.T, dialect string, by timakgorm.Capture)) {
	OnBoth(t, func(t *testing.T, dialect string) {
		ByBoth(t, func(t *testing.T, by timakgorm.Capture) { test(t, dialect, by) })
	})
}

// NewBy is a world whose changes are captured in one way.
func NewBy(t testing.TB, by timakgorm.Capture, s Setup) *World {
	t.Helper()
	if by == timakgorm.Triggers {
		return TriggerWorld(t, s)
	}
	return New(t, s)
}
