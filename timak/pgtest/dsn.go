package pgtest

import (
	"context"
	"testing"
	"time"

	"github.com/timak-go/timak/timak/internal/testserver"
)

// EnvServer is the environment variable with the DSN of a server to use instead
// of starting one. Empty means the same as unset.
const EnvServer = "TIMAK_TEST_POSTGRES"

const statementTimeout = time.Minute // CREATE DATABASE takes 30 to 80 ms on two idle cores

// DSN returns the DSN of a new, empty database. When t ends the database is
// dropped, even if connections are still open. The DSN has the form of
// TIMAK_TEST_POSTGRES if that is set, and consists of keywords (host=… user=…)
// otherwise. DSN skips t if there is no Postgres, and fails t if Postgres does
// not work. Any number of tests may call it at the same time, and a test may call
// it more than once.
func DSN(t testing.TB) string {
	t.Helper()
	admin, err := shared.Address()
	if err != nil {
		testserver.GiveUp(t, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), statementTimeout)
	defer cancel()
	name, err := createDatabase(ctx, admin)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { drop(t, admin, name) })
	dsn, err := withDatabase(admin, name)
	if err != nil {
		t.Fatal(err)
	}
	return dsn
}

// Run runs the tests of m, then stops the server that DSN started, if any, and
// removes its folder. It returns the exit code. Without Run the server ends just
// after the test binary instead of just before. m is a *testing.M, or what runs one.
func Run(m interface{ Run() int }) int { return shared.Run(m) }

// shared is the server on which DSN creates databases. Its address is the DSN for that.
var shared = testserver.Shared{
	Env: EnvServer,
	Open: func(ctx context.Context) (string, func() error, error) {
		server, err := open(ctx)
		if err != nil {
			return "", nil, err
		}
		return server.DSN("postgres"), server.close, nil
	},
	Tidy: func(ctx context.Context, admin string) error { return dropAbandoned(ctx, admin, time.Now()) },
}

func drop(t testing.TB, admin, name string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), statementTimeout)
	defer cancel()
	if err := dropDatabase(ctx, admin, name); err != nil {
		t.Error(err)
	}
}
