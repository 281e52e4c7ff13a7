package browser_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// child is set in a test binary that TestKilled starts and kills.
const child = "TIMAK_TEST_BROWSER_CHILD"

// A test binary that is killed leaves no process of the browser.
func TestKilled(t *testing.T) {
	t.Parallel()
	if os.Getenv(child) != "" {
		beKilled(t)
		return
	}
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary, "-test.run=^TestKilled$", "-test.count=1")
	cmd.Env = append(os.Environ(), child+"=1", "TMPDIR="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	input, err := cmd.StdinPipe() // whose end ends the child, if this process is killed
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = input.Close() }()
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	profile, err := bufio.NewReader(output).ReadString('\n')
	profile = strings.TrimSpace(profile)
	if err != nil || len(processesOf(profile)) < 2 {
		t.Fatalf("the child says %q, %v; it has the processes %q", profile, err, processesOf(profile))
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	for deadline := time.Now().Add(patience); len(processesOf(profile)) > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("there still are %q", processesOf(profile))
		}
	}
}

// beKilled opens a tab, says where the browser keeps its files, and waits.
func beKilled(t *testing.T) {
	ctx := chromium.open(t)
	command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", chromedp.FromContext(ctx).Browser.Process().Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, profile, _ := strings.Cut(string(command), "--user-data-dir=")
	profile, _, _ = strings.Cut(profile, "\x00")
	_, _ = fmt.Fprintln(os.Stdout, profile)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// processesOf returns the ids of the processes whose command names a folder.
func processesOf(folder string) (ids []string) {
	paths, _ := filepath.Glob("/proc/[0-9]*")
	for _, path := range paths {
		command, _ := os.ReadFile(path + "/cmdline") // empty if it has ended
		if strings.Contains(string(command), folder) {
			ids = append(ids, filepath.Base(path))
		}
	}
	return ids
}
