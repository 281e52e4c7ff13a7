package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"
)

// EnvServer is the environment variable with the DSN of a server to use instead
// of starting one. Empty means the same as unset.
const EnvServer = "TIMAK_TEST_POSTGRES"

const (
	startTimeout     = time.Minute // initdb and the first start take 0.6 s on two idle cores
	statementTimeout = time.Minute // CREATE DATABASE takes 30 to 80 ms there
)

// DSN returns the DSN of a new, empty database. When t ends the database is
// dropped, even if connections are still open. The DSN has the form of
// TIMAK_TEST_POSTGRES if that is set, and consists of keywords (host=… user=…)
// otherwise. DSN skips t if there is no Postgres, and fails t if Postgres does
// not work. Any number of tests may call it at the same time, and a test may call
// it more than once.
func DSN(t testing.TB) string {
	t.Helper()
	admin, err := shared.open()
	if err != nil {
		giveUp(t, err)
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

// host is the server on which DSN creates databases.
type host struct {
	once   sync.Once
	server *Server // nil if TIMAK_TEST_POSTGRES names the server
	admin  string  // the DSN for creating databases
	err    error
}

func (h *host) open() (admin string, err error) {
	h.once.Do(func() { h.err = h.start() })
	return h.admin, h.err
}

func (h *host) start() error {
	// The context of the first test would be wrong: the server outlives that test.
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	if h.admin = os.Getenv(EnvServer); h.admin != "" {
		return dropAbandoned(ctx, h.admin, time.Now())
	}
	server, err := open(ctx)
	if err != nil {
		return err
	}
	h.server, h.admin = server, server.DSN("postgres")
	return nil
}

func (h *host) close() error {
	if h.server == nil {
		return nil
	}
	return h.server.close()
}

// giveUp skips t if there is no Postgres here and fails it on any other error.
func giveUp(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, errNoPostgres) {
		t.Skip(err)
	}
	t.Fatal(err)
}

func drop(t testing.TB, admin, name string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), statementTimeout)
	defer cancel()
	if err := dropDatabase(ctx, admin, name); err != nil {
		t.Error(err)
	}
}
