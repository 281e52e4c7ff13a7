package main

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/examples/blog/internal/storage"
	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/pgtest"
	"github.com/timak-go/timak/timakgorm"
)

// checked runs a subcommand and returns its exit code and output.
func checked(args ...string) (code int, stdout, stderr string) {
	var out, err output
	code = run(context.Background(), args, noEnv, &out, &err)
	return code, out.String(), err.String()
}

// wantChecked runs a subcommand and compares its exit code and a part of its
// output.
func wantChecked(t *testing.T, code int, says string, args ...string) {
	t.Helper()
	got, stdout, stderr := checked(args...)
	if got != code || !strings.Contains(stdout+stderr, says) {
		t.Errorf("blog %s: got exit code %d, %s%s; want %d and %q", strings.Join(args, " "), got, stdout, stderr, code, says)
	}
}

// harm changes the timelines of a blog that is not running.
func harm(t *testing.T, args []string) {
	t.Helper()
	withTimelines(t, args, func(timelines *timak.Timelines) {
		_, err := timelines.Apply(t.Context(), "site:posts", timak.Remove("posts:1"), timak.Put(timak.Item{ID: "posts:99"}))
		if err != nil {
			t.Fatal(err)
		}
	})
}

// Verify finds what differs, and rebuild or verify -repair repairs it, on every
// combination of servers; the exit codes report both.
func TestCheck(t *testing.T) {
	onEach(t, func(t *testing.T, args []string) {
		blog := start(t, args...)
		brett := blog.signUp(t, "brett")
		brett.write("one")
		brett.write("two")
		blog.stop(t)
		for _, mend := range [][]string{{rebuild}, {verify, "-repair"}} {
			with := func(name ...string) []string { return slices.Concat(name, args) }
			wantChecked(t, exitClean, "the timelines match the tables", with(verify)...)
			harm(t, args)
			for _, says := range []string{"site:posts: posts:1 missing", "site:posts: posts:99 extra", "1 missing, 1 extra, 0 misplaced"} {
				wantChecked(t, exitDiffers, says, with(verify)...)
			}
			wantChecked(t, exitDiffers, "… and 1 more", with(verify, "-limit", "1")...)
			wantChecked(t, exitClean, "0 remain", with(mend...)...)
			wantChecked(t, exitClean, "the timelines match the tables", with(rebuild)...)
		}
		again := caller{t: t, url: start(t, args...).url}
		again.shows("/api/timeline", "title", "two one")
	})
}

// A row that no timeline can hold is reported until it is corrected, with exit code
// 1: rebuild repairs everything else.
func TestCheck_unplaceable(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	blog := start(t, "-data", folder)
	brett := blog.signUp(t, "brett")
	brett.write("one")
	brett.write("two")
	blog.stop(t)
	posts, err := sql.Open("sqlite", filepath.Join(folder, storage.TablesFile))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = posts.Close() }()
	dated := func(date string) {
		if _, err := posts.ExecContext(t.Context(), "UPDATE posts SET published_at = "+date+" WHERE id = 1"); err != nil {
			t.Fatal(err)
		}
	}
	dated("'soon'")
	harm(t, []string{"-data", folder})
	for _, says := range []string{
		`site:posts: posts [1] unplaceable: column "published_at" is "soon": expected a date`, "3 unplaceable",
		"timelines are without unplaceable rows until these are corrected",
	} {
		wantChecked(t, exitDiffers, says, verify, "-data", folder)
	}
	wantChecked(t, exitDiffers, "3 remain", rebuild, "-data", folder)
	wantChecked(t, exitDiffers, "0 missing, 0 extra, 0 misplaced, 0 stale, 0 damaged, 3 unplaceable", verify, "-data", folder)
	dated("'2026-01-01 00:00:00+00:00'")
	wantChecked(t, exitClean, "0 remain", rebuild, "-data", folder)
	wantChecked(t, exitClean, "the timelines match the tables", verify, "-data", folder)
}

func TestCheck_usage(t *testing.T) {
	t.Parallel()
	for _, name := range []string{verify, rebuild} {
		code, stdout, stderr := checked(name, "-h")
		for _, word := range []string{"Usage: blog " + name, "-data folder", "-postgres DSN", "-redis host:port", "-riak", "-from token", "Exit codes"} {
			if code != 0 || stderr != "" || !strings.Contains(stdout, word) {
				t.Errorf("blog %s -h: got exit code %d, %s%s; want %q in it", name, code, stdout, stderr, word)
			}
		}
		wantChecked(t, exitFailed, "not defined: -addr", name, "-addr", "127.0.0.1:0")
		wantChecked(t, exitFailed, "unexpected argument after the flags", name, "now")
		wantChecked(t, exitFailed, "found no blog", name, "-data", filepath.Join(t.TempDir(), "none"))
		_, _, stderr = checked(name, "-data", aBlog(t), "-from", "nothing")
		if !strings.Contains(stderr, "From is not the token") || strings.Contains(stderr, "continue with") {
			t.Errorf("blog %s -from nothing: got %s", name, stderr)
		}
	}
	wantChecked(t, exitFailed, "not defined: -repair", rebuild, "-repair")
	wantChecked(t, 0, "blog verify -h", "-h")
	var stdout, stderr output
	env := func(name string) string {
		return map[string]string{"BLOG_DATA": "/nowhere/at/all", "BLOG_ADDR": "x"}[name]
	}
	if code := run(t.Context(), []string{verify}, env, &stdout, &stderr); code != exitFailed || !strings.Contains(stderr.String(), "/nowhere/at/all") {
		t.Errorf("$BLOG_DATA: got exit code %d, %s", code, &stderr)
	}
}

// aBlog returns the data folder of a new blog.
func aBlog(t *testing.T) string {
	folder := t.TempDir()
	start(t, "-data", folder).stop(t)
	return folder
}

// A check never creates a blog where there is none, neither in a folder nor in a
// database.
func TestCheck_noBlog(t *testing.T) {
	t.Parallel()
	for _, name := range []string{verify, rebuild} {
		folder, dsn := t.TempDir(), pgtest.DSN(t)
		wantChecked(t, exitFailed, "found no blog", name, "-data", folder)
		if files, err := os.ReadDir(folder); err != nil || len(files) > 0 {
			t.Errorf("blog %s in an empty folder has left %v, %v", name, files, err)
		}
		for range 2 { // the first run has created no tables
			wantChecked(t, exitFailed, "this database holds no blog", name, "-postgres", dsn)
		}
		if n := tables(t, []string{"-postgres", dsn}).count("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"); n > 0 {
			t.Errorf("blog %s in an empty database has left %d tables", name, n)
		}
		if err := os.WriteFile(filepath.Join(folder, storage.TablesFile), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		wantChecked(t, exitFailed, "this database holds no blog", name, "-data", folder)
	}
}

// The timelines of a blog may be missing altogether.
func TestCheck_noTimelines(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	blog := start(t, "-data", folder)
	blog.signUp(t, "brett").write("one")
	blog.stop(t)
	if err := os.Remove(filepath.Join(folder, storage.TimelinesFile)); err != nil {
		t.Fatal(err)
	}
	wantChecked(t, exitFailed, "does not hold the timelines of this database, or lost them", verify, "-data", folder)
	wantChecked(t, exitClean, "0 remain", rebuild, "-data", folder)
	wantChecked(t, exitClean, "the timelines match the tables", verify, "-data", folder)
}

// A running blog locks its folder.
func TestCheck_inUse(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	start(t, "-data", folder)
	wantChecked(t, exitFailed, "another blog is using the data folder", verify, "-data", folder)
}

// A check that is stopped says how to continue; here it is stopped before it
// begins.
func TestCheck_stopped(t *testing.T) {
	t.Parallel()
	folder := aBlog(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr output
	code := run(ctx, []string{rebuild, "-data", folder}, noEnv, &stdout, &stderr)
	if code != exitFailed || stdout.String() != "" || stderr.String() != "blog rebuild: stopped\n" {
		t.Errorf("got exit code %d, %s%s", code, &stdout, &stderr)
	}
}

// TestCheck_process: the program exits with these codes.
func TestCheck_process(t *testing.T) {
	t.Parallel()
	program, folder := build(t), t.TempDir()
	blog := start(t, "-data", folder)
	blog.signUp(t, "brett").write("one")
	blog.stop(t)
	for _, step := range []struct {
		args []string
		code int
	}{{[]string{verify}, 0}, {[]string{"harm"}, 0}, {[]string{verify}, 1}, {[]string{rebuild}, 0}, {[]string{verify}, 0}, {[]string{verify, "-what"}, 2}} {
		if step.args[0] == "harm" {
			harm(t, []string{"-data", folder})
			continue
		}
		err := exec.Command(program, append(step.args, "-data", folder)...).Run()
		code := 0
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			code = exit.ExitCode()
		}
		if code != step.code {
			t.Errorf("blog %q: got exit code %d (%v), want %d", step.args, code, err, step.code)
		}
	}
}

func TestMeter(t *testing.T) {
	t.Parallel()
	all := []timakgorm.Progress{
		{Elapsed: time.Second, Rows: 1, All: 10},
		{Elapsed: 11 * time.Second, Rows: 5, All: 10, Rate: 0.5, Differences: 2},
		{Elapsed: 12 * time.Second, Rows: 6, All: 10},
		{Elapsed: 13 * time.Second, Rows: 9, All: 10}, // a row was deleted meanwhile
	}
	const half, cleared = " 50 %, 5 of 10 rows, 0/s, 2 differ", "\x1b[K\x1b[?7h"
	for name, c := range map[string]struct {
		terminal, done bool
		shown          []timakgorm.Progress
		want           string
	}{
		"lines":        {false, true, all, half + "\n100 %, 9 of 9 rows, 0/s, 0 differ\n"},
		"short":        {false, true, all[:1], ""},
		"stopped":      {false, false, all[:3], half + "\n 60 %, 6 of 10 rows, 0/s, 0 differ\n"},
		"nothing":      {true, true, nil, ""},
		"empty":        {true, false, []timakgorm.Progress{{Keys: 1}}, strings.Repeat("\r\x1b[?7l[====================] 100 %, 0 of 0 rows, 0/s, 0 differ"+cleared, 2) + "\n"},
		"bar, stopped": {true, false, all[1:2], strings.Repeat("\r\x1b[?7l[==========          ] "+half+cleared, 2) + "\n"},
	} {
		var out output
		m := &meter{w: &out, terminal: c.terminal}
		for _, p := range c.shown {
			m.show(p)
		}
		m.end(c.done)
		if out.String() != c.want {
			t.Errorf("%s: got %q, want %q", name, out.String(), c.want)
		}
	}
	var out output
	if file, err := os.Create(filepath.Join(t.TempDir(), "f")); err != nil || isTerminal(file) || isTerminal(&out) {
		t.Error("a file is no terminal")
	}
}

// TestExitOf: items that kept changing, as under writers, are no difference.
func TestExitOf(t *testing.T) {
	t.Parallel()
	for report, want := range map[*timakgorm.Report]int{
		{}:                                       exitClean,
		{Missing: 3}:                             exitClean, // repaired
		{Remaining: 1}:                           exitDiffers,
		{Remaining: 1, Unsettled: 1}:             exitDiffers,
		{Unsettled: 1}:                           exitFailed,
		{Unplaceable: 1, Remaining: 1, Keys: 10}: exitDiffers,
	} {
		if got := exitOf(*report); got != want {
			t.Errorf("%+v: got exit code %d, want %d", *report, got, want)
		}
	}
}
