package wire_test

import (
	"errors"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/timak-go/timak/timak/internal/state"
	"github.com/timak-go/timak/timak/internal/wire"
)

func TestDecodeAncestor(t *testing.T) {
	t.Parallel()
	value, err := os.ReadFile("testdata/ancestor/tweets.json")
	if err != nil {
		t.Fatal(err)
	}
	got, err := wire.Decode("brett:tweets", value)
	if err != nil {
		t.Fatal(err)
	}
	want := state.State{Entries: []state.Entry{
		{ID: "2", Version: 1321963500000000},
		{ID: "3", Version: 1321963380456000, Live: true, Date: 1321963380000000, Data: state.Plain([]byte(`{"body": "Hello"}`))},
		{ID: "4", Version: 1321963440123000, Live: true, Date: 1321963440000000},
	}}
	want.Sort()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestDecodeAncestor_empty(t *testing.T) {
	t.Parallel()
	got, err := wire.Decode("k", []byte(" []"))
	if err != nil || !got.Empty() {
		t.Errorf("got %v, %v, want the empty state", got, err)
	}
}

func TestDecodeAncestor_damaged(t *testing.T) {
	t.Parallel()
	for _, value := range []string{
		`[`,
		`[1]`,
		`[{"score": 1, "modified": 1}]`,
		`[{"id": null, "score": 1, "modified": 1}]`,
		`[{"id": "", "score": 1, "modified": 1}]`,
		`[{"id": "a", "modified": 1}]`,
		`[{"id": "a", "score": 1}]`,
		`[{"id": "a", "score": 1, "modified": 0}]`,
		`[{"id": "a", "score": 1, "modified": 9223372036854775807}]`,
		`[{"id": "a", "score": 1, "modified": 1.5}]`,
		`[{"id": "a", "score": 1, "modified": 1}] and more`,
	} {
		if got, err := wire.Decode("k", []byte(value)); !errors.Is(err, wire.ErrCorrupt) {
			t.Errorf("%s: got %v, %v, want ErrCorrupt", value, got, err)
		}
	}
}
