package boltstore

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDefaults(t *testing.T) {
	t.Parallel()
	want := Options{Timeout: 500 * time.Millisecond, Mode: 0o600}
	for _, opts := range []*Options{nil, {}} {
		if diff := cmp.Diff(want, opts.withDefaults()); diff != "" {
			t.Errorf("%+v with defaults (-want +got):\n%s", opts, diff)
		}
	}
	set := Options{Timeout: -1, Mode: 0o640, NoSync: true}
	if diff := cmp.Diff(set, set.withDefaults()); diff != "" {
		t.Errorf("defaults replaced what was set (-want +got):\n%s", diff)
	}
}
