package main

import (
	"os"
	"testing"

	"github.com/timak-go/timak/timakgorm/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// onEach runs a test with a fresh SQLite and with a fresh Postgres; args are
// what to start a blog with.
func onEach(t *testing.T, test func(t *testing.T, args []string)) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, []string{"-data", t.TempDir()})
	})
	t.Run("Postgres", func(t *testing.T) {
		t.Parallel()
		test(t, []string{"-data", t.TempDir(), "-postgres", pgtest.DSN(t)})
	})
}
