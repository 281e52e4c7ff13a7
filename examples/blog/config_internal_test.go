package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/examples/blog/internal/storage"
	"github.com/timak-go/timak/timak/secret"
)

func TestParseConfig(t *testing.T) {
	t.Parallel()
	env := map[string]string{"BLOG_ADDR": "127.0.0.1:1", "BLOG_DATA": "from-env", "BLOG_POSTGRES": "host=env", "BLOG_RIAK": "env:1"}
	onRedis := map[string]string{"BLOG_REDIS": "env:1"}
	for _, test := range []struct {
		args []string
		env  map[string]string
		want string // addr, folder, DSN, URL, nodes
	}{
		{nil, nil, "127.0.0.1:8080 ./blog-data   []"},
		{nil, env, "127.0.0.1:1 from-env host=env  [env:1]"},
		{[]string{"-data", "x", "-addr=:2"}, env, ":2 x host=env  [env:1]"},
		{[]string{"-riak", "10.0.0.1:8087, riak-2:8087,[::1]:8087"}, nil, "127.0.0.1:8080 ./blog-data   [10.0.0.1:8087 riak-2:8087 [::1]:8087]"},
		{[]string{"-postgres", "", "-riak", ""}, env, "127.0.0.1:1 from-env   []"},
		{nil, map[string]string{"BLOG_ADDR": ""}, "127.0.0.1:8080 ./blog-data   []"},
		{nil, onRedis, "127.0.0.1:8080 ./blog-data  redis://env:1 []"},
		{[]string{"-redis", "[::1]:6379"}, onRedis, "127.0.0.1:8080 ./blog-data  redis://[::1]:6379 []"},
		{[]string{"-redis", "rediss://ann:secret@redis-1/2"}, nil, "127.0.0.1:8080 ./blog-data  rediss://ann:secret@redis-1/2 []"},
		{[]string{"-redis", "", "-riak", "a:1"}, onRedis, "127.0.0.1:8080 ./blog-data   [a:1]"},
	} {
		c, err := parseConfig(test.args, func(name string) string { return test.env[name] }, io.Discard, io.Discard)
		s := c.storage
		got := fmt.Sprint(c.addr, " ", s.Folder, " ", s.Postgres.Reveal(), " ", s.Redis.Reveal(), " ", s.Riak)
		if err != nil || got != test.want {
			t.Errorf("%v with %v: got %q, %v, want %q", test.args, test.env, got, err, test.want)
		}
	}
}

func TestRun_help(t *testing.T) {
	t.Parallel()
	environment := func(string) string { return "secret" }
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"-h"}, environment, &stdout, &stderr)
	if code != 0 || stderr.Len() > 0 || strings.Contains(stdout.String(), "secret") {
		t.Errorf("-h: got %d, %q, %q", code, stdout.String(), stderr.String())
	}
	for name, variable := range envNames {
		if !strings.Contains(stdout.String(), "-"+name) || !strings.Contains(stdout.String(), variable) {
			t.Errorf("-h does not name -%s and %s: %s", name, variable, stdout.String())
		}
	}
}

func TestRun_badCommandLines(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-nonsense"}, {"argument"}, {"-addr"}, {"-data", "x", "y"}} {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), args, noEnv, &stdout, &stderr)
		if code != 2 || stdout.Len() > 0 || !strings.HasPrefix(stderr.String(), "blog: ") || !strings.Contains(stderr.String(), "Usage:") {
			t.Errorf("%v: got %d, %q, %q", args, code, stdout.String(), stderr.String())
		}
	}
}

// A bound of less than nothing would be none.
func TestRun_badWrites(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "none")
	for _, test := range []struct{ args, env string }{{"-5", ""}, {"", "-1"}} {
		args := []string{"-data", folder, "-addr", "127.0.0.1:0"}
		if test.args != "" {
			args = append(args, "-writes", test.args)
		}
		var stdout, stderr bytes.Buffer
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Second) // in case it does start
		code := run(ctx, args, func(name string) string { return map[string]string{"BLOG_WRITES": test.env}[name] }, &stdout, &stderr)
		stop()
		if code != 2 || stdout.Len() > 0 || !strings.Contains(stderr.String(), "-writes ($BLOG_WRITES) must be 0 or more, and 0 is without a bound") {
			t.Errorf("%+v: got %d, %q, %q", test, code, stdout.String(), stderr.String())
		}
	}
}

// An invalid list of nodes is a mistake on the command line, wherever it was given,
// and nothing has been opened when it is found.
func TestRun_badAddresses(t *testing.T) {
	t.Parallel()
	for list, want := range map[string]string{
		"a:1,,b:2": "an address is empty",
		"a:1,":     "an address is empty",
		" ":        "an address is empty",
		"a:1,riak": "address riak: missing port",
		"::1":      "address ::1: too many colons",
		":8087":    "missing host",
		"a:":       "is not a port",
		"a:0":      "is not a port",
		"a:65536":  "is not a port",
		"a:http":   "is not a port",
	} {
		folder := filepath.Join(t.TempDir(), "none")
		env := map[string]string{"BLOG_DATA": folder, "BLOG_RIAK": list}
		for _, args := range [][]string{{"-riak", list}, nil} {
			var stdout, stderr bytes.Buffer
			ctx, stop := context.WithTimeout(t.Context(), 20*time.Second) // in case it does start
			code := run(ctx, args, func(name string) string { return env[name] }, &stdout, &stderr)
			stop()
			if code != 2 || stdout.Len() > 0 || !strings.Contains(stderr.String(), want) || !strings.Contains(stderr.String(), "host:port,host:port") {
				t.Errorf("%q in %v: got %d, %q, %q, want 2 and %q", list, args, code, stdout.String(), stderr.String(), want)
			}
		}
		if _, err := os.Stat(folder); !os.IsNotExist(err) {
			t.Errorf("%q: the data folder: got %v, want none", list, err)
		}
	}
}

// A blog that cannot start says why in one line, at once.
func TestRun_cannotStart(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("not a folder"), 0o600); err != nil {
		t.Fatal(err)
	}
	damaged := t.TempDir()
	if err := os.WriteFile(filepath.Join(damaged, storage.TimelinesFile), bytes.Repeat([]byte("junk"), 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	inUse, riak := t.TempDir(), onRiak(t, nil)
	start(t, "-data", inUse)
	inUseByTables := t.TempDir()
	start(t, "-data", inUseByTables, "-riak", riak)

	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"port in use":     {[]string{"-data", t.TempDir(), "-addr", taken.Addr().String()}, "in use by another program"},
		"no port":         {[]string{"-data", t.TempDir(), "-addr", "127.0.0.1"}, "missing port"},
		"data is a file":  {[]string{"-data", file}, "data folder"},
		"data damaged":    {[]string{"-data", damaged}, "timelines"},
		"no Redis":        {[]string{"-data", t.TempDir(), "-redis", "redis://:secret@127.0.0.1:port"}, "the URL cannot be read"},
		"data in use":     {[]string{"-data", inUse, "-addr", "127.0.0.1:0"}, "another blog is using the data folder"},
		"tables in use":   {[]string{"-data", inUseByTables, "-riak", riak, "-addr", "127.0.0.1:0"}, "another blog is using the data folder"},
		"other timelines": {[]string{"-data", inUseByTables, "-addr", "127.0.0.1:0"}, "another blog is using the data folder"},
		"DSN is nonsense": {[]string{"-data", t.TempDir(), "-postgres", "postgres://u:secret@h:port/"}, "open Postgres"},
	} {
		var stdout, stderr bytes.Buffer
		begun := time.Now()
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Second) // in case it does start
		code := run(ctx, test.args, noEnv, &stdout, &stderr)
		stop()
		if code != 1 || stdout.Len() > 0 || !strings.Contains(stderr.String(), test.want) || strings.Contains(stderr.String(), "secret") {
			t.Errorf("%s: got %d, %q, %q, want 1 and %q", name, code, stdout.String(), stderr.String(), test.want)
		}
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
	}
}

func TestRun_notWritable(t *testing.T) {
	t.Parallel()
	if os.Getuid() == 0 {
		t.Skip("root may write everywhere")
	}
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o500); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"-data", folder}, noEnv, &stdout, &stderr)
	if code != 1 || !strings.Contains(stderr.String(), "not writable") {
		t.Errorf("got %d, %q", code, stderr.String())
	}
}

// Errors follow the program's name, which appears once.
func TestRun_namesItselfOnce(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	tables(t, []string{"-data", folder}).exec("CREATE VIEW users AS SELECT 1") // in place of the blog's table
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"-data", folder}, noEnv, &stdout, &stderr)
	if code != 1 || !strings.HasPrefix(stderr.String(), "blog: create tables: ") {
		t.Errorf("got %d, %q; want 1 and the error after the name", code, stderr.String())
	}
}

// The blog waits for a Postgres that does not answer, but not forever, and does not
// reveal its password.
func TestServe_postgresUnreachable(t *testing.T) {
	t.Parallel()
	c := config{
		addr:    "127.0.0.1:0",
		storage: storage.Config{Folder: t.TempDir(), Postgres: secret.New("postgres://user:secret@127.0.0.1:1/none"), PostgresWait: 300 * time.Millisecond},
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if code := run(stopped, []string{"-data", t.TempDir(), "-postgres", c.storage.Postgres.Reveal()}, noEnv, io.Discard, io.Discard); code != 0 {
		t.Errorf("told to stop while it waits: got exit code %d, want 0", code)
	}
	begun := time.Now()
	err := serve(t.Context(), c, io.Discard, quiet())
	if err == nil || !strings.Contains(err.Error(), "reach Postgres") || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
	if took := time.Since(begun); took < c.storage.PostgresWait || took > 10*time.Second {
		t.Errorf("took %v, want about %v", took, c.storage.PostgresWait)
	}
}
