//go:build unix

package testserver

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Child is another process of this test binary: a test of how a server ends with it.
type Child struct {
	cmd    *exec.Cmd
	input  *os.File
	output *bufio.Reader
}

// StartChild starts this test binary with a single test and more environment
// variables, by which the test knows what it is.
func StartChild(t testing.TB, test string, env ...string) *Child {
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
	return &Child{cmd: cmd, input: input, output: bufio.NewReader(stdout)}
}

// Line returns the next line that the child prints.
func (c *Child) Line(t testing.TB) string {
	t.Helper()
	line, err := c.output.ReadString('\n')
	if err != nil {
		t.Fatalf("child said %q and then: %v", line, err)
	}
	return strings.TrimSpace(line)
}

// Wait waits for the child to end by itself.
func (c *Child) Wait() error { return c.cmd.Wait() }

// End ends the child: "kill" and "kill group" kill it, and anything else, such as
// "return", lets it go on and end by itself. It checks that the child succeeds after
// "return" and "exit", and fails otherwise.
func (c *Child) End(t testing.TB, how string) {
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

// AwaitNothingOf returns when the folder and the processes in it are gone, and fails t
// if they are not within patience.
func AwaitNothingOf(t testing.TB, folder string, patience time.Duration) {
	t.Helper()
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		_, err := os.Stat(folder)
		processes := ProcessesOf(folder)
		if len(processes) == 0 && os.IsNotExist(err) {
			return
		}
		if time.Since(start) > patience {
			t.Fatalf("%v after the test binary has ended: stat %s: %v; processes %q", patience, folder, err, processes)
		}
	}
}

// ProcessesOf returns the ids of the processes that name the folder or work in
// it. It returns none where the system has no /proc.
func ProcessesOf(folder string) (ids []string) {
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
