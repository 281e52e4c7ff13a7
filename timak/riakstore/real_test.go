package riakstore_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
)

// TestConformanceOfRiak: the contract also holds on a real cluster, even while one
// of its nodes is down.
func TestConformanceOfRiak(t *testing.T) {
	t.Parallel()
	realAddresses(t)
	drivertest.Run(t, func(t *testing.T) driver.Store { return openFresh(t) })
}

// TestRealNodeKilled: right after a node of a real cluster was killed, no key is
// reported as empty.
func TestRealNodeKilled(t *testing.T) {
	t.Parallel()
	addresses, kill := realAddresses(t), os.Getenv(envKill)
	if kill == "" {
		t.Skipf("no node to kill: set %s to a shell command that kills one of %s", envKill, envAddresses)
	}
	const keys = 3000
	store := open(t, addresses, fresh())
	putMany(t, store, keys)
	if out, err := exec.CommandContext(t.Context(), "sh", "-c", kill).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", kill, err, out)
	}
	if empty := countEmpty(t, store, 0, keys); empty != 0 {
		t.Errorf("%d of %d keys are reported as empty", empty, keys)
	}
}
