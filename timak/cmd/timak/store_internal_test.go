package main

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/timak-go/timak/timak/boltstore"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/pgtest"
	"github.com/timak-go/timak/timak/redistest"
	"github.com/timak-go/timak/timak/riaktest"
)

func TestAddresses(t *testing.T) {
	t.Parallel()
	none := map[string]string{}
	for in, want := range map[string]address{
		"bolt:feed.db":       {"bolt", none, "feed.db"},
		"bolt:/a:b/[c]:d.db": {"bolt", none, "/a:b/[c]:d.db"},
		"postgres:host=/tmp user=a password=b:[]:": {"postgres", none, "host=/tmp user=a password=b:[]:"},
		"postgres://a:b@c/d":                       {"postgres", nil, "postgres://a:b@c/d"},
		"postgresql://a:b@c/d":                     {"postgres", nil, "postgresql://a:b@c/d"},
		"postgres[schema=s,table=t]:host=c":        {"postgres", map[string]string{"schema": "s", "table": "t"}, "host=c"},
		"redis:localhost:6379":                     {"redis", none, "localhost:6379"},
		"redis://a:b@c:1/2":                        {"redis", nil, "redis://a:b@c:1/2"},
		"rediss://c:1":                             {"redis", nil, "rediss://c:1"},
		"redis[prefix=blog:]:unix:///a/b":          {"redis", map[string]string{"prefix": "blog:"}, "unix:///a/b"},
		"riak[type=a,bucket=b]:c:1,d:2":            {"riak", map[string]string{"type": "a", "bucket": "b"}, "c:1,d:2"},
	} {
		got, err := addressOf(in)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(address{})); diff != "" || err != nil {
			t.Errorf("%s: %v, (-want +got):\n%s", in, err, diff)
		}
	}
	if got := (address{rest: "localhost:1"}).url(); got != "redis://localhost:1" {
		t.Errorf("url: got %s", got)
	}
}

const password = "horse-battery"

// No message shows a password, whatever is wrong with the store or the command.
func TestSecrets(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0") // nobody answers
	if err != nil {
		t.Fatal(err)
	}
	nobody := listener.Addr().String()
	_ = listener.Close()
	server := redistest.NewServer(t, "requirepass other")
	full := bolt(t, func(store driver.Store) { fill(t, store) })
	for name, tt := range map[string]struct {
		code int
		args []string
	}{
		"a DSN as a command":        {codeUsage, []string{"postgres://u:" + password + "@h/d"}},
		"a DSN too many":            {codeUsage, []string{"get", "-store", "bolt:x", "k", "postgres://u:" + password + "@h/d"}},
		"an unknown flag":           {codeUsage, []string{"get", "-stroe=postgres://u:" + password + "@h/d", "k"}},
		"a number":                  {codeUsage, []string{"copy", "-parallel", "0", "-from", "redis://u:" + password + "@h:1", "-to", "bolt:x"}},
		"a flag's name":             {codeUsage, []string{"get", "-postgres://u:" + password + "@h/d", "k"}},
		"no name of a flag":         {codeUsage, []string{"get", "--=" + password, "k"}},
		"no number":                 {codeUsage, []string{"dump", "-parallel", "postgres://u:" + password + "@h/d", "f"}},
		"no number of another":      {codeUsage, []string{"keys", "-limit", "postgres://u:" + password + "@h/d"}},
		"a number out of range":     {codeUsage, []string{"keys", "-limit", strings.Repeat("1", 30) + password}},
		"no truth":                  {codeUsage, []string{"dump", "-json=postgres://u:" + password + "@h/d", "f"}},
		"no order":                  {codeUsage, []string{"get", "-order", "postgres://u:" + password + "@h/d", "-store", "bolt:x", "k"}},
		"a DSN as a file":           {codeUsage, []string{"restore", "-store", "bolt:x", "postgres://u:" + password + "@h/d"}},
		"a DSN as another file":     {codeUsage, []string{"check", "rediss://u:" + password + "@h/1"}},
		"a DSN as a new file":       {codeUsage, []string{"dump", "-store", "bolt:x", "postgres:host=h password=" + password}},
		"keywords as a file":        {codeUsage, []string{"check", "host=h password=" + password}},
		"spaced keywords as a file": {codeUsage, []string{"check", "host = h password = " + password}},
		"options as a file":         {codeUsage, []string{"check", "redis[prefix=a]:u:" + password + "@h:1"}},
		"a DSN as a key":            {codeUsage, []string{"get", "-store", "bolt:x", "postgres://u:" + password + "@h/d"}},
		"a DSN as a prefix":         {codeUsage, []string{"keys", "-store", "bolt:x", "redis:u:" + password + "@h:1"}},
		"a DSN as a place":          {codeUsage, []string{"copy", "-from", "bolt:x", "-to", "bolt:y", "-after", "postgres://u:" + password + "@h/d"}},
		"a DSN as another place":    {codeUsage, []string{"restore", "-store", "bolt:x", "-after", "postgres://u:" + password + "@h/d", "f"}},
		"a DSN as a place of keys":  {codeUsage, []string{"keys", "-store", "bolt:x", "-after", "postgres://u:" + password + "@h/d"}},
		"a DSN as a boltstore":      {codeUsage, []string{"get", "-store", "bolt:postgres://u:" + password + "@h/d", "k"}},
		"a DSN as a node of Riak":   {codeUsage, []string{"get", "-store", "riak:redis://u:" + password + "@h/d", "k"}},
		"a URL of Redis as a DSN":   {codeError, []string{"get", "-store", "postgres:redis://u:" + password + "@h/d", "k"}},
		"a DSN as a URL of Redis":   {codeError, []string{"get", "-store", "redis:postgres://u:" + password + "@h/d", "k"}},
		"another scheme":            {codeUsage, []string{"get", "-store", "mysql://u:" + password + "@h/d", "k"}},
		"no scheme":                 {codeUsage, []string{"get", "-store", "u:" + password + "@h/d", "k"}},
		"an unknown option":         {codeUsage, []string{"get", "-store", "redis[password=" + password + "]:h:1", "k"}},
		"an unended option":         {codeUsage, []string{"get", "-store", "redis[prefix=" + password, "k"}},
		"no DSN":                    {codeError, []string{"get", "-store", "postgres://u:" + password + "@h:port/d", "k"}},
		"no keywords":               {codeError, []string{"get", "-store", "postgres:password=" + password + " =", "k"}},
		"no URL":                    {codeError, []string{"get", "-store", "redis://u:" + password + "@h:port", "k"}},
		"no Postgres":               {codeError, []string{"get", "-store", "postgres://u:" + password + "@" + nobody + "/d", "k"}},
		"no Postgres, migrate":      {codeError, []string{"copy", "-migrate", "-from", full, "-to", "postgres://u:" + password + "@h:port/d"}},
		"no Redis":                  {codeError, []string{"get", "-store", "redis://u:" + password + "@" + nobody + "?max_retries=-1&dial_timeout=1s", "k"}},
		"a wrong password":          {codeError, []string{"get", "-store", "redis://:" + password + "@" + server.Address(), "k"}},
		"a DSN of the environment":  {codeError, []string{"TIMAK_STORE=postgres://u:" + password + "@" + nobody + "/d", "get", "k"}},
	} {
		got := call(t, tt.args...).want(t, tt.code, "timak: ")
		if strings.Contains(got.out+got.err, "horse") {
			t.Errorf("%s: the password is shown: %s%s", name, got.out, got.err)
		}
	}
}

// A mistake in a flag is named by the flag alone.
func TestFlags_mistakes(t *testing.T) {
	t.Parallel()
	call(t, "keys", "-limit", "ten").want(t, codeUsage, "keys: -limit: expected a number: see timak keys -h")
	call(t, "keys", "-limit", strings.Repeat("9", 30)).want(t, codeUsage, "keys: -limit: expected a number")
	call(t, "keys", "-limit").want(t, codeUsage, "keys: -limit: expected a value")
	call(t, "keys", "-json=yes").want(t, codeUsage, "keys: -json: expected true or false")
	call(t, "keys", "-unknown").want(t, codeUsage, "keys: there is no such flag")
	call(t, "keys", "-unknown -limit").want(t, codeUsage, "keys: ")
}

// A key that could be the DSN of a store is written in quotes, as it is shown.
func TestKeys_likeDSN(t *testing.T) {
	t.Parallel()
	store := bolt(t, func(store driver.Store) {
		for n, key := range []string{"page:https://a/b", "redis:posts", "z"} {
			apply(t, store, key, put("a", n))
		}
	})
	call(t, "keys", "-store", store).wantOut(t, `"page:https://a/b"`, `"redis:posts"`, "z")
	call(t, "get", "-store", store, "page:https://a/b").want(t, codeUsage, "double quotes")
	call(t, "get", "-store", store, `"page:https://a/b"`).want(t, codeDone, "2026-01-01")
	call(t, "keys", "-store", store, "-after", `"redis:posts"`).wantOut(t, "z")
	if got := argument("page:https://a/b"); got != `'"page:https://a/b"'` {
		t.Errorf("argument: got %s", got)
	}
}

// A signal ends every command, with its code.
func TestSignal_everyCommand(t *testing.T) {
	t.Parallel()
	store := bolt(t, func(store driver.Store) { fill(t, store) })
	dump := filepath.Join(t.TempDir(), "dump")
	call(t, "dump", "-store", store, dump).want(t, codeDone)
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(stopped{os.Interrupt})
	for _, args := range [][]string{
		{"get", "-store", store, "bounded"},
		{"keys", "-store", store},
		{"copy", "-from", store, "-to", store + "2"},
		{"copy", "-migrate", "-from", store, "-to", "postgres:" + pgtest.DSN(t)},
		{"dump", "-store", store, dump + "2"},
		{"restore", "-store", store + "3", dump},
		{"check", dump},
		{"get", "-store", "postgres:" + pgtest.DSN(t), "k"},
	} {
		callWith(ended, false, args...).want(t, 130)
	}
}

// What is wrong with a store is said in words that help.
func TestStores_refused(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	missing := filepath.Join(folder, "missing.db")
	plain := filepath.Join(folder, "plain")
	if err := os.WriteFile(plain, []byte("no store\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	call(t, "get", "k").want(t, codeUsage, "-store", "TIMAK_STORE")
	call(t, "copy", "-to", "bolt:x").want(t, codeUsage, "-from", "TIMAK_FROM")
	call(t, "copy", "-from", "bolt:x").want(t, codeUsage, "-to", "TIMAK_TO")
	call(t, "get", "-store", "bolt:", "k").want(t, codeUsage, "expected bolt: with a store behind it")
	call(t, "get", "-store", "feed.db", "k").want(t, codeUsage, "expected bolt:…, postgres:…, redis:… or riak:…")
	call(t, "get", "-store", "bolt[mode=1]:x", "k").want(t, codeUsage, "expected options")
	call(t, "get", "-store", "bolt:"+missing, "k").want(t, codeError, missing, "no such file", "expected the file of a boltstore")
	call(t, "get", "-store", "bolt:"+plain, "k").want(t, codeError, plain, "is not a timak store")
	call(t, "get", "-store", "postgres:"+pgtest.DSN(t), "k").want(t, codeError, "pgstore.Migrate")
	cluster := riaktest.Start(t, nil)
	riak := "riak:" + strings.Join(cluster.Addresses(), ",")
	cluster.Nodes()[0].Stop()
	call(t, "get", "-store", "riak:"+cluster.Addresses()[0], "k").want(t, codeError, "unavailable")
	call(t, "keys", "-store", riak).want(t, codeError, "cannot list its keys", "Rebuild")
	call(t, "copy", "-from", riak, "-to", "bolt:"+filepath.Join(folder, "to.db")).want(t, codeError, "cannot list its keys")
	call(t, "get", "-store", riak, "nobody").want(t, codeDone, "there is nothing under nobody")
	if _, err := os.Stat(missing); err == nil {
		t.Error("get has made a file")
	}
}

// A file that a program has open is not read beside it: the message says what to do. Once
// it is closed, several may read it at once.
func TestBoltInUse(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "feed.db")
	inBolt(t, path, func(store driver.Store) {
		apply(t, store, "k", put("a", 1))
		for _, args := range [][]string{
			{"get", "-store", "bolt:" + path, "k"},
			{"keys", "-store", "bolt:" + path},
			{"dump", "-store", "bolt:" + path, path + ".dump"},
			{"copy", "-from", "bolt:" + path, "-to", "bolt:" + path + "2"},
			{"copy", "-from", "bolt:" + path + "3", "-to", "bolt:" + path},
		} {
			if strings.HasSuffix(args[2], "3") {
				inBolt(t, path+"3", func(driver.Store) {})
			}
			call(t, args...).want(t, codeError, "in use", "close that one", "timak/transfer")
		}
	})
	reader, err := boltstore.Open(path, &boltstore.Options{ReadOnly: true, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	call(t, "get", "-store", "bolt:"+path, "k").want(t, codeDone, "2026-01-01")
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	call(t, "keys", "-store", "bolt:"+path).wantOut(t, "k")
}

// Every command explains itself.
func TestHelp(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-h"}, {"--help"}, {"help"}} {
		all := call(t, args...).want(t, codeDone, "usage: timak COMMAND", "Exit codes", "130")
		for _, c := range commands() {
			if !strings.Contains(all.out, c.about) || all.err != "" {
				t.Errorf("help does not tell of %s, or prints an error %q", c.name, all.err)
			}
		}
	}
	for _, c := range commands() {
		for _, args := range [][]string{{c.name, "-h"}, {"help", c.name}, {c.name, "x", "--help"}} {
			got := call(t, args...).want(t, codeDone, "usage: timak "+c.name, "Flags")
			if got.err != "" {
				t.Errorf("%v: got an error %q", args, got.err)
			}
		}
		call(t, c.name, "-unknown").want(t, codeUsage, "timak "+c.name+" -h")
		call(t, c.name, "one", "two", "three").want(t, codeUsage)
	}
	call(t).want(t, codeUsage, "timak -h")
	call(t, "put").want(t, codeUsage, "unknown command")
}

func TestKeys(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t)
	for name, store := range map[string]string{
		"bolt": bolt(t, func(driver.Store) {}), "postgres": postgres(t), "redis": "redis[prefix=a:]:" + server.Address(),
	} {
		a, err := addressOf(store)
		if err != nil {
			t.Fatal(err)
		}
		open, err := a.open(t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		fill(t, open)
		if err := open.Close(); err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			seen := `"\x00seen\x00author:7"`
			call(t, "keys", "-store", store).wantOut(t, seen, `"\x1b[31mred\xff\n"`, "author:7", "bounded")
			call(t, "keys", "-store", store, "au").wantOut(t, "author:7")
			call(t, "keys", "-store", store, `"\x00"`).wantOut(t, seen)
			call(t, "keys", "-store", store, "-limit", "2").wantOut(t, seen, `"\x1b[31mred\xff\n"`)
			call(t, "keys", "-store", store, "-after", `"\x1b[31mred\xff\n"`, "-json").wantOut(t, `{"key":"author:7"}`, `{"key":"bounded"}`)
			call(t, "keys", "-store", store, "-limit", "1", "-json", "--", "").wantOut(t, `{"key":"\u0000seen\u0000author:7"}`)
			call(t, "keys", "-store", store, "-json", `"\x1b"`).wantOut(t, `{"key":{"base64":"G1szMW1yZWT/Cg=="}}`)
			if got := call(t, "keys", "-store", store, "nobody").want(t, codeDone); got.out != "" {
				t.Errorf("nobody: got %s", got.out)
			}
		})
	}
}
