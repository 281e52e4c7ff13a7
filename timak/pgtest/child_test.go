//go:build unix

package pgtest_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

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
			child := startChild(t, "TestServer_endsWithTheTestBinary", childVariable+"="+how, pgtest.EnvServer+"=")
			data := child.line(t)
			if !filepath.IsAbs(data) {
				t.Fatalf("child said %q, want its data folder", data)
			}
			if n := len(processesOf(filepath.Dir(data))); n < 3 {
				t.Errorf("processes in %s while the test runs: got %d, want server, backend and watchdog", data, n)
			}
			child.end(t, how)
			patience := 10 * time.Second
			if how == "return" { // Run has waited until all has ended
				patience = 0
			}
			awaitNothingOf(t, filepath.Dir(data), patience)
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

// child is another process of this test binary.
type child struct {
	cmd    *exec.Cmd
	input  *os.File
	output *bufio.Reader
}

func startChild(t *testing.T, test string, env ...string) *child {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	stdin, input, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = input.Close() })
	cmd := exec.CommandContext(t.Context(), binary, "-test.run=^"+test+"$", "-test.count=1")
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin = stdin
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = stdin.Close()
	return &child{cmd: cmd, input: input, output: bufio.NewReader(stdout)}
}

func (c *child) line(t *testing.T) string {
	t.Helper()
	line, err := c.output.ReadString('\n')
	if err != nil {
		t.Fatalf("child said %q and then: %v", line, err)
	}
	return strings.TrimSpace(line)
}

func (c *child) end(t *testing.T, how string) {
	t.Helper()
	switch how {
	case "kill":
		_ = syscall.Kill(c.cmd.Process.Pid, syscall.SIGKILL)
	case "kill group":
		_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL)
	default:
		_, _ = c.input.WriteString("\n")
	}
	err := c.cmd.Wait()
	if clean := how == "return" || how == "exit"; clean != (err == nil) {
		t.Errorf("end of the child by %s: got %v", how, err)
	}
}

func awaitNothingOf(t *testing.T, folder string, patience time.Duration) {
	t.Helper()
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		_, err := os.Stat(folder)
		processes := processesOf(folder)
		if len(processes) == 0 && os.IsNotExist(err) {
			return
		}
		if time.Since(start) > patience {
			t.Fatalf("%v after the test binary has ended: stat %s: %v; processes %q", patience, folder, err, processes)
		}
	}
}

// processesOf returns the ids of the processes that name the folder or work in
// it. It returns none where the system has no /proc.
func processesOf(folder string) (ids []string) {
	processes, _ := filepath.Glob("/proc/[0-9]*")
	for _, p := range processes {
		arguments, _ := os.ReadFile(p + "/cmdline") // empty if it has ended
		cwd, _ := os.Readlink(p + "/cwd")
		if strings.Contains(string(arguments), folder) || strings.HasPrefix(cwd, folder) {
			ids = append(ids, filepath.Base(p))
		}
	}
	return ids
}
