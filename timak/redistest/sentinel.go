package redistest

import (
	"fmt"
	"testing"
)

// NewSentinel starts a Sentinel that watches a master and its replicas, under the
// given name, and ends when t does. It alone decides: it has a replica take over
// when the master has not answered for a second. NewSentinel skips t if there is no
// Redis.
func NewSentinel(t testing.TB, name string, master *Server) *Server {
	t.Helper()
	return newServer(t, asSentinel, []string{
		fmt.Sprintf("sentinel monitor %s %s %d 1", name, loopback, master.port),
		fmt.Sprintf("sentinel down-after-milliseconds %s 1000", name),
		fmt.Sprintf("sentinel failover-timeout %s 5000", name),
	})
}
