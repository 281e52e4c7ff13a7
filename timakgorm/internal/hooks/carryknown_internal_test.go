package hooks

import (
	"fmt"
	"testing"
)

// The texts that are remembered do not grow without end.
func TestCarriedTexts_bound(t *testing.T) {
	t.Parallel()
	var texts carriedTexts
	for i := range 3 * mostCarriedTexts {
		key := carriedKey{sql: fmt.Sprint(i)}
		texts.add(key, carriedText{sql: fmt.Sprint("carries ", i)})
		if got, known := texts.of(key); !known || got.sql != fmt.Sprint("carries ", i) {
			t.Fatalf("text %d: got %q, %v", i, got.sql, known)
		}
		if len(texts.texts) > mostCarriedTexts {
			t.Fatalf("%d texts, want %d at most", len(texts.texts), mostCarriedTexts)
		}
	}
}
