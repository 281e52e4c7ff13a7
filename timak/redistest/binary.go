package redistest

import (
	"os/exec"

	"github.com/timak-go/timak/timak/internal/testserver"
)

const errNoRedis = testserver.Missing("redistest: no Redis: install it (apt-get install redis-server) or set " +
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
