package main

import (
	"os"
	"testing"

	"github.com/redis/go-redis/v9/logging"
	"golang.org/x/crypto/bcrypt"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/timak/pgtest"
	"github.com/timak-go/timak/timak/redistest"
)

func TestMain(m *testing.M) {
	logging.Disable()
	blog.HashCost = bcrypt.MinCost
	os.Exit(runIn(m))
}

// programs is a folder for the program that tests start.
var programs string

func runIn(m *testing.M) int {
	var err error
	if programs, err = os.MkdirTemp("", "blog-test-"); err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(programs) }()
	return pgtest.Run(m)
}

// places are where a blog can keep its tables and its timelines. Each returns the
// arguments of a new blog.
var places = map[string]func(t *testing.T) []string{
	"SQLite":             func(t *testing.T) []string { return []string{"-data", t.TempDir()} },
	"Postgres":           func(t *testing.T) []string { return []string{"-postgres", pgtest.DSN(t)} },
	"SQLite and Redis":   func(t *testing.T) []string { return []string{"-data", t.TempDir(), "-redis", onRedis(t)} },
	"Postgres and Redis": func(t *testing.T) []string { return []string{"-postgres", pgtest.DSN(t), "-redis", onRedis(t)} },
	"SQLite and Riak":    func(t *testing.T) []string { return []string{"-data", t.TempDir(), "-riak", onRiak(t, nil)} },
	"Postgres and Riak":  func(t *testing.T) []string { return []string{"-postgres", pgtest.DSN(t), "-riak", onRiak(t, nil)} },
}

// onEach runs a test in each of the places.
func onEach(t *testing.T, test func(t *testing.T, args []string)) {
	t.Parallel()
	for name, place := range places {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, place(t))
		})
	}
}

// onRedis starts a server and returns its URL for a command line.
func onRedis(t *testing.T) string {
	t.Helper()
	return redistest.NewServer(t).URL()
}
