package redistest

import (
	"errors"
	"os/exec"
	"testing"
)

var errNoRedis = errors.New("redistest: no Redis: install it (apt-get install redis-server) or set " +
	EnvServer + " to the URL of a running server")

// findBinary returns the path of the server's program.
func findBinary() (string, error) {
	for _, name := range []string{"redis-server", "valkey-server"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errNoRedis
}

// giveUp skips t if there is no Redis here and fails it on any other error.
func giveUp(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, errNoRedis) {
		t.Skip(err)
	}
	t.Fatal(err)
}
