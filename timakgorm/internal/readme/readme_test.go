// Package readme_test holds what the README says against what is true: its Go
// is compiled and run, its commands are.
package readme_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/timak-go/timak/timak/pgtest"
	"github.com/timak-go/timak/timak/riakstore"
	"github.com/timak-go/timak/timak/riaktest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

const root = "../../.."

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(root + "/README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// blocks returns the README's blocks of a language.
func blocks(t *testing.T, language string) []string {
	t.Helper()
	var out []string
	for _, match := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(readme(t), -1) {
		out = append(out, match[1])
	}
	if len(out) == 0 {
		t.Fatalf("the README has no blocks of %s", language)
	}
	return out
}

func TestLength(t *testing.T) {
	t.Parallel()
	if n := strings.Count(readme(t), "\n"); n > 200 {
		t.Errorf("the README has %d lines, want at most 200", n)
	}
}

func TestSnippets(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("snippets_test.go")
	if err != nil {
		t.Fatal(err)
	}
	code := unindented(string(source))
	for _, block := range blocks(t, "go") {
		if !strings.Contains(code, unindented(block)) {
			t.Errorf("snippets_test.go does not run this of the README:\n%s", block)
		}
	}
	inline := regexp.MustCompile("(?s)`(plugin\\.Register[^`]*)`").FindStringSubmatch(readme(t))
	if inline == nil || !strings.Contains(code, inline[1]) {
		t.Errorf("snippets_test.go does not run this of the README: %q", inline)
	}
}

// unindented takes white space off the beginning of lines, and empty lines out.
func unindented(code string) string {
	return regexp.MustCompile(`(?m)^\s+`).ReplaceAllString(code, "")
}

func TestCommands(t *testing.T) {
	t.Parallel()
	for _, block := range blocks(t, "sh") {
		for command := range strings.Lines(block) {
			command = strings.TrimSpace(command)
			switch name, _, _ := strings.Cut(command, " "); name {
			case "make":
				testMake(t, command)
			case "go":
				testBlog(t, command)
			case "riak":
				testRiak(t, command)
			default:
				t.Errorf("the README has a command that no test runs: %s", command)
			}
		}
	}
}

// testMake checks that make knows the target; to run the tests here would never
// end.
func testMake(t *testing.T, command string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", command+" -n")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", command, err, out)
	}
}

// testRiak checks that a command is among those by which riakstore has a bucket
// type made.
func testRiak(t *testing.T, command string) {
	t.Helper()
	command = strings.ReplaceAll(command, "timelines", "absent")
	_, err := riakstore.Open(riaktest.Start(t, nil).Addresses(), &riakstore.Options{BucketType: "absent"})
	if err == nil || !strings.Contains(err.Error(), "\t"+command+"\n") && !strings.HasSuffix(err.Error(), "\t"+command) {
		t.Errorf("%s: riakstore does not ask for this, but: %v", command, err)
	}
}

// testBlog starts the blog as the README says, but on a free port, with data in
// a folder of the test's and on its Postgres and Riak, and waits for it to
// listen.
func testBlog(t *testing.T, command string) {
	t.Helper()
	command = regexp.MustCompile(`"host=[^"]*"`).ReplaceAllStringFunc(command, func(string) string {
		return `"` + pgtest.DSN(t) + `"`
	})
	command = regexp.MustCompile(`-riak \S+`).ReplaceAllStringFunc(command, func(string) string {
		return "-riak " + strings.Join(riaktest.Start(t, nil).Addresses(), ",")
	})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", "exec "+command)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "BLOG_ADDR=127.0.0.1:0", "BLOG_DATA="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	group := func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.Cancel = group
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	printed := bufio.NewReader(out)
	line, err := printed.ReadString('\n')
	if err != nil || !strings.Contains(line, "listening on http://127.0.0.1:") {
		t.Errorf("%s: printed %q, %v", command, line, err)
	}
	if err := group(); err != nil {
		t.Error(err)
	}
	_, _ = io.Copy(io.Discard, printed) // until the blog has ended too
	_ = cmd.Wait()                      // go run says that it was ended by a signal
}
