package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/boltstore"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/pgstore"
	"github.com/timak-go/timak/timak/pgtest"
)

// binaryFolder is where tests build the command.
var binaryFolder string

func TestMain(m *testing.M) {
	var err error
	if binaryFolder, err = os.MkdirTemp("", "timak-command-"); err != nil {
		panic(err)
	}
	code := pgtest.Run(m)
	_ = os.RemoveAll(binaryFolder)
	os.Exit(code)
}

// result of a command that was carried out in this process.
type called struct {
	code     int
	out, err string
}

// call carries out a command line, with environment variables like NAME=value before it.
func call(t testing.TB, args ...string) called {
	t.Helper()
	return callWith(t.Context(), false, args...)
}

func callWith(ctx context.Context, terminal bool, args ...string) called {
	env := map[string]string{}
	for len(args) > 0 && strings.HasPrefix(args[0], "TIMAK_") {
		name, value, _ := strings.Cut(args[0], "=")
		env[name], args = value, args[1:]
	}
	var out, err locked
	code := run(ctx, shell{
		args: args, getenv: func(name string) string { return env[name] }, out: &out, err: &err, terminal: terminal,
	})
	return called{code, out.String(), err.String()}
}

// locked is a buffer for several goroutines.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// want checks a call: its code, and texts of what it has printed, on both outputs.
func (c called) want(t testing.TB, code int, texts ...string) called {
	t.Helper()
	if c.code != code {
		t.Errorf("got code %d, want %d\nout: %s\nerr: %s", c.code, code, c.out, c.err)
	}
	for _, text := range texts {
		if !strings.Contains(c.out+c.err, text) {
			t.Errorf("%q was not printed:\nout: %s\nerr: %s", text, c.out, c.err)
		}
	}
	return c
}

// wantOut checks all of a call's output.
func (c called) wantOut(t testing.TB, lines ...string) {
	t.Helper()
	c.want(t, codeDone)
	got := strings.Split(strings.TrimSuffix(c.out, "\n"), "\n")
	for i := range got {
		got[i] = strings.TrimRight(got[i], " ")
	}
	if strings.Join(got, "\n") != strings.Join(lines, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(lines, "\n"))
	}
}

func at(n int) time.Time { return time.Date(2026, 1, 1, 0, 0, n, 0, time.UTC) }

func put(id string, n int) timak.Op {
	return timak.Put(timak.Item{ID: id, At: at(n)}).WithVersion(int64(n + 1))
}

func apply(t testing.TB, store driver.Store, key string, ops ...timak.Op) {
	t.Helper()
	clock := func() time.Time { return time.UnixMicro(1000) }
	if _, err := timak.New(store, &timak.Options{Clock: clock, MaxItems: 3}).Apply(t.Context(), key, ops...); err != nil {
		t.Fatal(err)
	}
}

// bolt makes a file with a store, for a while open for do, and returns its name as a store.
func bolt(t testing.TB, do func(store driver.Store)) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "feed.db")
	inBolt(t, path, do)
	return "bolt:" + path
}

func inBolt(t testing.TB, path string, do func(store driver.Store)) {
	t.Helper()
	store, err := boltstore.Open(path, &boltstore.Options{NoSync: true, Timeout: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	do(store)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

// postgres returns the name as a store of a new database with a table.
func postgres(t testing.TB) string {
	t.Helper()
	dsn := pgtest.DSN(t)
	if err := pgstore.Migrate(t.Context(), dsn, nil); err != nil {
		t.Fatal(err)
	}
	return "postgres:" + dsn
}

// fill puts some timelines into a store: with data, a floor, tombstones, siblings, and a
// place that was seen.
func fill(t testing.TB, store driver.Store) {
	t.Helper()
	apply(t, store, "author:7", timak.Put(timak.Item{ID: "p1", At: at(1), Data: []byte("first"), Source: "s"}).WithVersion(7),
		put("p2", 2), put("p3", 3), timak.Remove("p3").WithVersion(8), timak.RemoveEntry("p4", "s").WithVersion(9),
		timak.RemoveSource("t").WithVersion(10))
	apply(t, store, "bounded", put("a", 1), put("b", 2), put("c", 3), put("d", 4))
	object, err := store.Get(t.Context(), "bounded")
	if err == nil {
		_, err = store.Put(t.Context(), "bounded", object.Siblings[0], nil)
	}
	timelines := timak.New(store, nil)
	if err == nil {
		var page timak.Page
		page, err = timelines.Page(t.Context(), "author:7", timak.Query{})
		if err == nil {
			err = timelines.MarkSeen(t.Context(), "author:7", page.Prev)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	apply(t, store, "\x1b[31mred\xff\n", put("\x1b]0;title\a", 5))
}

// stored returns all that a store says, as get -entries -json prints it, siblings left out.
func stored(t testing.TB, store string) string {
	t.Helper()
	var all strings.Builder
	for line := range strings.Lines(call(t, "keys", "-store", store).want(t, codeDone).out) {
		key := strings.TrimSuffix(line, "\n")
		for line := range strings.Lines(call(t, "get", "-store", store, "-entries", "-json", key).want(t, codeDone).out) {
			if !strings.Contains(line, `"kind":"sibling"`) {
				all.WriteString(strings.NewReplacer(`,"siblings":1`, "", `,"siblings":2`, "").Replace(line))
			}
		}
	}
	return all.String()
}
