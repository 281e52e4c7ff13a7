package redistest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
)

const loopback = "127.0.0.1"

// configure writes the server's settings, with ports that are free now. Those that
// the test gives come last, and count.
func (s *Server) configure(settings []string) error {
	ports, err := freePorts(2)
	if err != nil {
		return err
	}
	s.port = ports[0]
	lines := []string{"bind " + loopback, fmt.Sprint("port ", s.port)}
	if s.mode == asServer {
		lines = append(lines,
			fmt.Sprint("cluster-port ", ports[1]), // by default 10000 higher, where nobody has looked
			`save ""`,
			"repl-diskless-sync-delay 0") // a replica need not wait for others
	}
	lines = append(lines, settings...)
	text := strings.Join(lines, "\n") + "\n"
	return os.WriteFile(filepath.Join(s.folder, "redis.conf"), []byte(text), 0o600)
}

// The ports of servers are below those that systems give to outgoing connections:
// one of these could take the port of a server while that is down.
const firstPort, lastPort = 10_000, 32_000

// freePorts returns ports that nobody listens on.
func freePorts(n int) (ports []int, err error) {
	for range 100 {
		port := firstPort + rand.IntN(lastPort-firstPort)
		l, listenErr := net.Listen("tcp", fmt.Sprintf("%s:%d", loopback, port))
		if listenErr != nil {
			err = listenErr
			continue
		}
		defer func() { _ = l.Close() }() // all are held until all are found
		if ports = append(ports, port); len(ports) == n {
			return ports, nil
		}
	}
	return nil, fmt.Errorf("no free ports among %d to %d: %w", firstPort, lastPort, err)
}
