package redistest

import (
	"context"
	"testing"
	"time"

	"github.com/timak-go/timak/timak/internal/testserver"
)

// EnvServer is the environment variable with the URL of a server to use instead of
// starting one. Empty means the same as unset.
const EnvServer = "TIMAK_TEST_REDIS"

// URL returns the URL of a server that all tests of the binary share, or of the one
// that TIMAK_TEST_REDIS names. A test uses only keys that begin with a [Prefix] of
// its own. URL skips t if there is no Redis, and fails t if Redis does not work.
// Any number of tests may call it at the same time.
func URL(t testing.TB) string {
	t.Helper()
	url, err := shared.Address()
	if err != nil {
		testserver.GiveUp(t, err)
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
func Run(m interface{ Run() int }) int { return shared.Run(m) }

// shared is the one server of this test binary.
var shared = testserver.Shared{
	Env: EnvServer,
	Open: func(ctx context.Context) (string, func() error, error) {
		server, err := open(ctx, asServer, nil)
		if err != nil {
			return "", nil, err
		}
		return server.URL(), server.close, nil
	},
	Tidy: func(ctx context.Context, url string) error { return removeAbandoned(ctx, url, time.Now()) },
}
