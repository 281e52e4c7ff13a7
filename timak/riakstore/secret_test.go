package riakstore_test

import (
	"testing"

	"github.com/timak-go/timak/timak/riakstore"
	"github.com/timak-go/timak/timak/secret/secrettest"
)

// TestPasswordIsNotShown: neither options, wherever they are stored, nor a store
// opened with them shows the password.
func TestPasswordIsNotShown(t *testing.T) {
	t.Parallel()
	cluster, opts := startSecure(t, 1)
	for name, value := range map[string]any{
		"options":           *opts,
		"a pointer to them": opts,
		"a field":           struct{ Riak riakstore.Options }{*opts},
		"an unexported one": struct{ riak riakstore.Options }{*opts},
		"a store":           open(t, cluster.Addresses(), opts),
	} {
		t.Run(name, func(t *testing.T) { secrettest.WantHidden(t, rightPassword, value) })
	}
}
