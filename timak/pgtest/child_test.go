//go:build unix

package pgtest_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/timak-go/timak/timak/internal/testserver"
	"github.com/timak-go/timak/timak/pgtest"
)

// childVariable is set in a test binary that a test has started. Its value is how
// that binary must end.
const childVariable = "PGTEST_CHILD"

// A server and its folder are gone when the test binary has ended, however it
// ended. The busy backend would run for days if it were not told to stop.
func TestServer_endsWithTheTestBinary(t *testing.T) {
	if how := os.Getenv(childVariable); how != "" {
		beChild(t, how)
		return
	}
	t.Parallel()
	pgtest.NewServer(t) // skips where the child would
	for _, how := range []string{"return", "exit", "panic", "kill", "kill group"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			child := testserver.StartChild(t, "TestServer_endsWithTheTestBinary", childVariable+"="+how, pgtest.EnvServer+"=")
			data := child.Line(t)
			if !filepath.IsAbs(data) {
				t.Fatalf("child said %q, want its data folder", data)
			}
			if n := len(testserver.ProcessesOf(filepath.Dir(data))); n < 3 {
				t.Errorf("processes in %s while the test runs: got %d, want server, backend and watchdog", data, n)
			}
			child.End(t, how)
			patience := 10 * time.Second
			if how == "return" { // Run has waited until all has ended
				patience = 0
			}
			testserver.AwaitNothingOf(t, filepath.Dir(data), patience)
		})
	}
}

func beChild(t *testing.T, how string) {
	db := connect(t, pgtest.DSN(t))
	data := query[string](t, db, "SHOW data_directory")
	go func() {
		_, _ = db.ExecContext(context.Background(), "SELECT count(*) FROM generate_series(1, 1000000000000)")
	}()
	awaitBusy(t, db)
	fmt.Println(data)
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n') // the parent has seen our line
	switch how {
	case "exit":
		os.Exit(0)
	case "panic":
		panic("as the parent said")
	case "kill", "kill group":
		select {}
	}
}

func awaitBusy(t *testing.T, db *sql.DB) {
	const busy = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%generate_series%' AND pid <> pg_backend_pid()"
	for query[int](t, db, busy) == 0 {
		time.Sleep(10 * time.Millisecond)
	}
}
