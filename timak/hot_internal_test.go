package timak

import (
	"fmt"
	"testing"
)

// TestHotKeys: however many keys are met once, the keys that are met often are
// found, and no more keys are kept than there is room for.
func TestHotKeys(t *testing.T) {
	t.Parallel()
	var hot hotKeys
	for i := range 10_000 {
		hot.met(fmt.Sprint("rare", i), 2, 10)
		if i%10 == 0 {
			hot.met("often", 5, 100)
		}
		if i%20 == 0 {
			hot.met("less often", 3, 50)
		}
	}
	top := hot.top()
	if len(top) != shownHotKeys || top[0].Key != "often" || top[1].Key != "less often" {
		t.Fatalf("got %+v, want the two frequent keys first", top)
	}
	if top[0].Merges < 1000 || top[0].Merges > 1000+11_500/maxHotKeys {
		t.Errorf("got %d merges, want 1000 or, at most, a hundredth of all more", top[0].Merges)
	}
	if top[0].Siblings != 5 || top[0].Bytes != 100 {
		t.Errorf("got %+v, want 5 siblings of 100 bytes at most", top[0])
	}
	if len(hot.keys) != maxHotKeys {
		t.Errorf("%d keys are kept, want %d", len(hot.keys), maxHotKeys)
	}
}
