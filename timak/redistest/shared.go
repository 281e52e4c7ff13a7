package redistest

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"
)

// EnvServer is the environment variable with the URL of a server to use instead of
// starting one. Empty means the same as unset.
const EnvServer = "TIMAK_TEST_REDIS"

const startTimeout = time.Minute // a server is up within 50 ms on two idle cores

// URL returns the URL of a server that all tests of the binary share, or of the one
// that TIMAK_TEST_REDIS names. A test uses only keys that begin with a [Prefix] of
// its own. URL skips t if there is no Redis, and fails t if Redis does not work.
// Any number of tests may call it at the same time.
func URL(t testing.TB) string {
	t.Helper()
	url, err := shared.open()
	if err != nil {
		giveUp(t, err)
	}
	return url
}

// Prefix returns a text that begins the keys of t on the server of [URL], and of no
// other test. When t ends, all keys with that beginning are removed.
func Prefix(t testing.TB) string {
	t.Helper()
	url, prefix := URL(t), newPrefix(time.Now())
	t.Cleanup(func() {
		if err := removeKeys(context.WithoutCancel(t.Context()), url, prefix+"*", nil); err != nil {
			t.Error(err)
		}
	})
	return prefix
}

// Run runs the tests of m, then stops the server that URL started, if any, and
// removes its folder. It returns the exit code. Without Run the server ends just
// after the test binary instead of just before. m is a *testing.M, or what runs one.
func Run(m interface{ Run() int }) int {
	code := m.Run()
	if err := shared.close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	return code
}

// shared is the one server of this test binary.
var shared host

// host is the server whose URL tests get.
type host struct {
	once   sync.Once
	server *Server // nil if TIMAK_TEST_REDIS names the server
	url    string
	err    error
}

func (h *host) open() (url string, err error) {
	h.once.Do(func() { h.err = h.start() })
	return h.url, h.err
}

func (h *host) start() error {
	// The context of the first test would be wrong: the server outlives that test.
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	if h.url = os.Getenv(EnvServer); h.url != "" {
		return removeAbandoned(ctx, h.url, time.Now())
	}
	server, err := open(ctx, asServer, nil)
	if err != nil {
		return err
	}
	h.server, h.url = server, server.URL()
	return nil
}

func (h *host) close() error {
	if h.server == nil {
		return nil
	}
	return h.server.close()
}
