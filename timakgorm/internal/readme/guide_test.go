package readme_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/boltstore"
	"github.com/timak-go/timak/timak/pgstore"
	"github.com/timak-go/timak/timak/pgtest"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// block is a block of code of a page.
type block struct{ language, text string }

var fenced = regexp.MustCompile("(?s)```(\\w+)\n(.*?)```")

// page returns the blocks of a page of the guide.
func page(t *testing.T, name string) []block {
	t.Helper()
	return blocksOf(t, filepath.Join(root, "docs/guide", name))
}

// blocksOf returns the blocks of a file.
func blocksOf(t *testing.T, path string) []block {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var found []block
	for _, match := range fenced.FindAllStringSubmatch(string(text), -1) {
		found = append(found, block{match[1], match[2]})
	}
	return found
}

// pages returns the names of the guide's pages.
func pages(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, "docs/guide/*.md"))
	if err != nil || len(paths) < 5 {
		t.Fatalf("%d pages, %v", len(paths), err)
	}
	var names []string
	for _, path := range paths {
		names = append(names, filepath.Base(path))
	}
	return names
}

func isProgram(code string) bool { return strings.HasPrefix(code, "package main\n") }

// TestGuide_snippets: the Go of each page is a program that a test runs, or is in
// guide_snippets_test.go, which runs it.
func TestGuide_snippets(t *testing.T) {
	t.Parallel()
	code, snippets := "", 0
	for _, file := range []string{"guide_snippets_test.go", "stores_test.go", "started/started_test.go"} {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		code += unindented(string(source))
	}
	code += unindented(onPostgres(t, programOf(t, gettingStarted)))
	for _, name := range pages(t) {
		for _, b := range page(t, name) {
			if b.language != "go" || isProgram(b.text) {
				continue
			}
			snippets++
			if !strings.Contains(code, unindented(b.text)) {
				t.Errorf("%s: no file of snippets runs this:\n%s", name, b.text)
			}
		}
	}
	if snippets < 7 {
		t.Errorf("%d snippets", snippets)
	}
}

// TestGuide_languages: each block is of a language that a test of this file runs.
func TestGuide_languages(t *testing.T) {
	t.Parallel()
	for _, name := range pages(t) {
		for _, b := range page(t, name) {
			if !slices.Contains([]string{"go", "sh", "sql", "text"}, b.language) {
				t.Errorf("%s has a block of %s, which no test runs", name, b.language)
			}
			if b.language == "text" && name != gettingStarted {
				t.Errorf("%s has an answer, which no test compares", name)
			}
		}
	}
}

// TestGuide_links: what a page links to in this repository is there.
func TestGuide_links(t *testing.T) {
	t.Parallel()
	for _, name := range pages(t) {
		text, err := os.ReadFile(filepath.Join(root, "docs/guide", name))
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`\]\(([^)#]+)`).FindAllStringSubmatch(fenced.ReplaceAllString(string(text), ""), -1) {
			if strings.HasPrefix(match[1], "https://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, "docs/guide", match[1])); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestGuide_sql: the SQL of each page runs on a Postgres with timak's tables.
func TestGuide_sql(t *testing.T) {
	t.Parallel()
	db := world.OpenDB(t, "postgres", nil)
	if err := timakgorm.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, name := range pages(t) {
		for _, b := range page(t, name) {
			if b.language != "sql" {
				continue
			}
			for statement := range strings.Lines(b.text) {
				ran++
				if err := db.Exec(statement).Error; err != nil {
					t.Errorf("%s: %s: %v", name, statement, err)
				}
			}
		}
	}
	if ran < 4 {
		t.Errorf("%d statements", ran)
	}
}

// TestGuide_commands runs the commands of each page but the first, on a store with a
// timeline.
func TestGuide_commands(t *testing.T) {
	t.Parallel()
	const published = "go run github.com/timak-go/timak/timak/cmd/timak@latest " // also where the application's go.sum lacks its modules
	const program = "go run github.com/timak-go/timak/timak/cmd/timak "
	folder := t.TempDir()
	store, err := boltstore.Open(filepath.Join(folder, "feed.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = timak.New(store, nil).Add(t.Context(), "site:posts", timak.Item{ID: "posts:1", At: start})
	if err := errors.Join(err, store.Close()); err != nil {
		t.Fatal(err)
	}
	inFolder := regexp.MustCompile(`\b(feed|other)\.(db|dump)\b`)
	ran := 0
	for _, name := range pages(t) {
		for _, b := range page(t, name) {
			if b.language != "sh" || name == gettingStarted {
				continue
			}
			for command := range strings.Lines(b.text) {
				if !strings.HasPrefix(command, published) {
					t.Errorf("%s has a command that no test runs: %s", name, command)
					continue
				}
				ran++
				command = strings.Replace(command, published, program, 1)
				cmd := exec.CommandContext(t.Context(), "sh", "-c", inFolder.ReplaceAllString(command, folder+"/$0"))
				cmd.Dir = root
				if out, err := cmd.CombinedOutput(); err != nil || !regexp.MustCompile(`posts|\b1\b`).Match(out) {
					t.Errorf("%s: %s: %v\n%s", name, command, err, out)
				}
			}
		}
	}
	if ran < 6 {
		t.Errorf("%d commands", ran)
	}
}

const gettingStarted = "getting-started.md"

// TestGuide_gettingStarted follows the page, on SQLite and on Postgres: it makes the program,
// starts it, sends the requests, and compares the answers.
func TestGuide_gettingStarted(t *testing.T) {
	t.Parallel()
	for database, change := range map[string]func(t *testing.T, code string) string{
		"sqlite":   func(_ *testing.T, code string) string { return code },
		"postgres": onPostgres,
	} {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			address := freeAddress(t)
			path := built(t, filepath.Join(root, "docs/guide", gettingStarted), func(code string) string {
				if strings.Count(code, documented) != 1 {
					t.Errorf("the program does not listen on %s", documented)
				}
				return change(t, strings.ReplaceAll(code, documented, address))
			})
			running := startProgram(t, path, address)
			followPage(t, address)
			wantStatus(t, http.StatusNotFound, "http://"+address+"/by/"+strings.Repeat("x", 600))
			wantStatus(t, http.StatusBadRequest, "http://"+address+"/?cursor=x")
			if err := running.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if err := running.Wait(); err != nil {
				t.Errorf("the program ends with %v", err)
			}
		})
	}
}

const documented = "127.0.0.1:8080"

// freeAddress returns an address where nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return listener.Addr().String()
}

// followPage follows the commands of the first page, and compares the answers.
func followPage(t *testing.T, address string) {
	t.Helper()
	got, steps := "", 0
	for _, b := range page(t, gettingStarted) {
		switch b.language {
		case "sh":
			for command := range strings.Lines(b.text) {
				got += follow(t, strings.ReplaceAll(strings.TrimSpace(command), documented, address))
			}
		case "text":
			if steps++; got != b.text {
				t.Errorf("step %d: got\n%swant\n%s", steps, got, b.text)
			}
			got = ""
		}
	}
	if steps != 2 {
		t.Errorf("%d answers", steps)
	}
}

// wantStatus fails the test unless a page answers so.
func wantStatus(t *testing.T, want int, address string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil || response.StatusCode != want {
		t.Errorf("%s: got %s, %v, want %d", address, response.Status, err, want)
	}
}

// startProgram starts a program in an empty folder, and waits until it listens.
func startProgram(t *testing.T, path, address string) *exec.Cmd {
	t.Helper()
	running := exec.CommandContext(t.Context(), path)
	running.Dir = t.TempDir()
	running.Env = append(os.Environ(), "DATABASE_URL="+pgtest.DSN(t))
	running.Stderr = os.Stderr
	if err := running.Start(); err != nil {
		t.Fatal(err)
	}
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	for {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
			return running
		}
		select {
		case <-deadline.C:
			t.Fatal(err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// follow follows a command of the page, and returns what it prints.
func follow(t *testing.T, command string) string {
	t.Helper()
	words := strings.Fields(command)
	switch {
	case slices.Contains([]string{"mkdir feed", "cd feed", "go mod init example.com/feed", "go mod tidy", "go run .", "createdb feed"}, command),
		strings.HasPrefix(command, "DATABASE_URL=") && strings.HasSuffix(command, " go run ."):
		return "" // built and startProgram do that
	case words[0] == "curl":
		return curl(t, words[1:])
	default:
		t.Errorf("the page has a command that no test runs: %s", command)
		return ""
	}
}

// curl does what the program of this name does.
func curl(t *testing.T, args []string) string {
	t.Helper()
	method, form, address := http.MethodGet, url.Values{}, ""
	for i := 0; i < len(args); i++ {
		switch args[i] {
		case "-X":
			i++
			method = args[i]
		case "-d":
			i++
			name, value, _ := strings.Cut(args[i], "=")
			form.Add(name, value)
			method = http.MethodPost
		default:
			address = args[i]
		}
	}
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= 300 {
		t.Errorf("%s %s: %s, %v\n%s", method, address, response.Status, err, body)
	}
	return string(body)
}

// TestGuide_verify runs the program that production.md has for cron: each of its exit codes.
func TestGuide_verify(t *testing.T) {
	t.Parallel()
	path := built(t, filepath.Join(root, "docs/guide/production.md"), func(code string) string { return code })
	dsn := pgtest.DSN(t)
	run := func(dsn string, args ...string) (code int, out string) {
		cmd := exec.CommandContext(t.Context(), path, args...)
		cmd.Env = append(os.Environ(), "DATABASE_URL="+dsn)
		text, err := cmd.CombinedOutput()
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			return exit.ExitCode(), string(text)
		}
		if err != nil {
			t.Fatal(err)
		}
		return 0, string(text)
	}
	want := func(about string, code int, text, dsn string, args ...string) {
		t.Helper()
		if got, out := run(dsn, args...); got != code || !strings.Contains(out, text) {
			t.Errorf("%s: exit code %d, want %d and %q\n%s", about, got, code, text, out)
		}
	}
	want("no tables", 2, "posts", dsn)
	db, timelines := verified(t, dsn)
	want("agreed", 0, "", dsn)
	if _, err := timelines.Delete(t.Context(), "author:7:posts", "posts:1"); err != nil {
		t.Fatal(err)
	}
	want("differs", 1, "author:7:posts: posts:1 missing", dsn, "-sample", "1")
	want("repaired", 0, "author:7:posts: posts:1 missing", dsn, "-repair")
	want("agreed again", 0, "", dsn)
	if err := db.Create(&rowOfPosts{AuthorID: 7}).Error; err != nil { // and nobody relays
		t.Fatal(err)
	}
	want("unsettled", 2, "", dsn)
	want("no database", 2, "", "postgres://127.0.0.1:1/none?connect_timeout=1")
}

// verified makes a database with a post, and its timeline.
func verified(t *testing.T, dsn string) (*gorm.DB, *timak.Timelines) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	db := world.OpenDSN(t, "postgres", dsn, nil)
	err := errors.Join(pgstore.Migrate(ctx, dsn, nil), timakgorm.Migrate(ctx, db), db.AutoMigrate(&rowOfPosts{}))
	if err != nil {
		t.Fatal(err)
	}
	store, err := pgstore.Open(ctx, dsn, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	timelines := timak.New(store, nil)
	plugin, err := timakgorm.New(timelines, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(plugin.Register(&rowOfPosts{}), db.Use(plugin), db.Create(&rowOfPosts{AuthorID: 7}).Error, plugin.Drain(ctx)); err != nil {
		t.Fatal(err)
	}
	return db, timelines
}

// rowOfPosts is the model of the page's program.
type rowOfPosts struct {
	ID        uint
	AuthorID  uint
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=author:{AuthorID}:posts"`
}

// TableName implements schema.Tabler.
func (rowOfPosts) TableName() string { return "posts" }
