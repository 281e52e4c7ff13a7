// Package readme_test holds what the README says against what is true: its Go
// is compiled and run, its commands are.
package readme_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/boltstore"
	"github.com/timak-go/timak/timak/pgtest"
	"github.com/timak-go/timak/timak/redistest"
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
	code := ""
	for _, file := range []string{"snippets_test.go", "stores_test.go"} {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		code += unindented(string(source))
	}
	for _, block := range blocks(t, "go") {
		if !isProgram(block) && !strings.Contains(code, unindented(block)) {
			t.Errorf("no file of snippets runs this of the README:\n%s", block)
		}
	}
	inline := regexp.MustCompile("(?s)`(plugin\\.Register[^`]*)`").FindStringSubmatch(readme(t))
	if inline == nil || !strings.Contains(code, inline[1]) {
		t.Errorf("no file of snippets runs this of the README: %q", inline)
	}
}

// TestProgram makes the README's program, as it stands, by the README's commands, and runs it
// in an empty folder.
func TestProgram(t *testing.T) {
	t.Parallel()
	path, folder := built(t, filepath.Join(root, "README.md"), func(code string) string { return code }), t.TempDir()
	for range 2 { // the second time its tables are there
		cmd := exec.CommandContext(t.Context(), path)
		cmd.Dir = folder
		if out, err := cmd.CombinedOutput(); err != nil || string(out) != "Hello\n" {
			t.Errorf("got %q, %v", out, err)
		}
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
			case "git", "cd":
				if command != "git clone https://github.com/timak-go/timak" && command != "cd timak" {
					t.Errorf("the README has a command that no test knows: %s", command)
				}
			case "go":
				testGo(t, command)
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

// testGo runs a program of the project.
func testGo(t *testing.T, command string) {
	t.Helper()
	if strings.HasPrefix(command, "go mod ") || command == "go run ." {
		return // TestProgram does that
	}
	if strings.Contains(command, "/examples/blog") {
		testBlog(t, command)
		return
	}
	folder := t.TempDir()
	store, err := boltstore.Open(filepath.Join(folder, "feed.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := timak.New(store, nil).Add(t.Context(), "site:posts", timak.Item{ID: "1", At: start}); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", strings.ReplaceAll(command, "feed.db", folder+"/feed.db"))
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "DSN="+pgtest.DSN(t))
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "1 ") {
		t.Errorf("%s: %v\n%s", command, err, out)
	}
}

// testBlog starts the blog as the README says, but on a free port, with data in
// a folder of the test's and on its servers, and waits for it to listen.
func testBlog(t *testing.T, command string) {
	t.Helper()
	command = regexp.MustCompile(`"host=[^"]*"`).ReplaceAllStringFunc(command, func(string) string {
		return `"` + pgtest.DSN(t) + `"`
	})
	command = regexp.MustCompile(`-riak \S+`).ReplaceAllStringFunc(command, func(string) string {
		return "-riak " + strings.Join(riaktest.Start(t, nil).Addresses(), ",")
	})
	command = regexp.MustCompile(`-redis \S+`).ReplaceAllStringFunc(command, func(string) string {
		return "-redis " + redistest.NewServer(t).Address()
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
