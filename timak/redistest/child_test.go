//go:build unix

package redistest_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/timak-go/timak/timak/internal/testserver"
	"github.com/timak-go/timak/timak/redistest"
)

// Servers and their folders are gone when the test binary has ended, however it
// ended.
func TestServer_endsWithTheTestBinary(t *testing.T) {
	if how := os.Getenv(childVariable); how != "" {
		beChild(t, how)
		return
	}
	t.Parallel()
	redistest.NewServer(t) // skips where the child would
	for _, how := range []string{"return", "exit", "panic", "kill", "kill group"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			child := testserver.StartChild(t, "TestServer_endsWithTheTestBinary", childVariable+"="+how, redistest.EnvServer+"=")
			folders := []string{child.Line(t), child.Line(t), child.Line(t)}
			for n, servers := range []int{1, 1, 4} {
				if !filepath.IsAbs(folders[n]) {
					t.Fatalf("child said %q, want a folder", folders[n])
				}
				if got := len(testserver.ProcessesOf(folders[n])); got != servers+1 {
					t.Errorf("processes in %s while the test runs: got %d, want %d and a watchdog", folders[n], got, servers)
				}
			}
			child.End(t, how)
			patience := 10 * time.Second
			if how == "return" { // Run has waited until all has ended
				patience = 0
			}
			for _, folder := range folders {
				testserver.AwaitNothingOf(t, folder, patience)
			}
		})
	}
}

// beChild has the shared server, a killed and restarted one that is frozen, and a
// cluster.
func beChild(t *testing.T, how string) {
	own, cluster := redistest.NewServer(t), redistest.NewCluster(t)
	for _, url := range []string{redistest.URL(t), own.URL(), cluster.Servers[0].URL()} {
		fmt.Println(filepath.Dir(dir(t, url)))
	}
	if err := own.Freeze(); err != nil {
		t.Fatal(err)
	}
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n') // the parent has seen our lines
	switch how {
	case "exit":
		os.Exit(0)
	case "panic":
		panic("as the parent said")
	case "kill", "kill group":
		select {}
	}
}

// dir returns where a server works.
func dir(t *testing.T, url string) string {
	t.Helper()
	got, err := connect(t, url).ConfigGet(t.Context(), "dir").Result()
	if err != nil {
		t.Fatal(err)
	}
	return got["dir"]
}
