package dialect

import (
	"encoding/json"
	"testing"
)

// Lists contain an integer key bare, and other keys as objects.
func TestKeyList(t *testing.T) {
	t.Parallel()
	rows := []Change{{Key: json.RawMessage(`{"id":1}`)}, {Key: json.RawMessage(`{"id":null}`)}}
	if got, want := keyList(rows, true), "[1,null]"; got != want {
		t.Errorf("bare: got %s, want %s", got, want)
	}
	if got, want := keyList(rows, false), `[{"id":1},{"id":null}]`; got != want {
		t.Errorf("as objects: got %s, want %s", got, want)
	}
}
