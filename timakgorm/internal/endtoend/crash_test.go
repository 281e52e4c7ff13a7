package endtoend_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// crash is a process that writes posts, relays them, and is killed; the test
// binary runs as one when crashVariable is set. What it left behind is then
// opened again.
type crash struct {
	Dialect, DSN string
	Store        storage
	Point        string // where it kills itself: a name of crashPoints, or random
	Nth          int    // at which Put, for the points that have several
	Seed         uint64
}

const (
	crashVariable = "TIMAK_TEST_CRASH"
	crashReady    = "ready"
)

// crashPoints are where a process kills itself, and what must be true of the
// outbox then; otherwise the test would show nothing.
var crashPoints = []struct {
	point string
	nth   int
	waits bool // changes are in the outbox
}{
	{point: "in a transaction"},
	{point: "after a commit", waits: true},
	{point: "before a put", nth: 1, waits: true},
	{point: "after a put", nth: 1, waits: true},
	{point: "before a put", nth: 3, waits: true},
	{point: "after a put", nth: 4, waits: true},
	{point: "after the last put", waits: true},
	{point: "after the relay"},
}

// TestCrashes: wherever a process is killed, every row that was committed is on
// its timelines after the next relay, once and as it is, and no other.
func TestCrashes(t *testing.T) {
	t.Parallel()
	onEachStorage(t, func(t *testing.T, dialect, kind string) {
		c := newCrash(t, dialect, kind)
		for i, at := range crashPoints {
			c.Point, c.Nth, c.Seed = at.point, at.nth, uint64(i)
			c.start(t).wait(t)
			about := fmt.Sprintf("killed %s %d", at.point, at.nth)
			c.reopen(t, func(w *world.World) {
				if n := w.Outbox(); (n > 0) != at.waits {
					t.Errorf("%s: %d changes in the outbox", about, n)
				}
				if w.Check(); t.Failed() {
					t.Fatal(about)
				}
			})
		}
	})
}

// TestCrashesAtRandom: the same, at random moments of many writers and the
// relay.
func TestCrashesAtRandom(t *testing.T) {
	t.Parallel()
	const rounds = 6
	onEachStorage(t, func(t *testing.T, dialect, kind string) {
		c := newCrash(t, dialect, kind)
		c.Point = "random"
		waited := 0
		for range rounds {
			c.Seed = rand.Uint64()
			t.Logf("seed %d", c.Seed)
			child := c.start(t)
			time.Sleep(time.Duration(rand.IntN(250)) * time.Millisecond)
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			child.wait(t)
			c.reopen(t, func(w *world.World) {
				if w.Outbox() > 0 {
					waited++
				}
				if w.Check(); t.Failed() {
					t.Fatalf("after seed %d", c.Seed)
				}
			})
		}
		t.Logf("changes were in the outbox after %d of %d kills", waited, rounds)
	})
}

// newCrash makes the database and the store.
func newCrash(t *testing.T, dialect, kind string) crash {
	t.Helper()
	c := crash{Dialect: dialect, DSN: world.NewDSN(t, dialect)}
	c.Store = newStorage(t, kind, c.DSN)
	w := world.New(t, world.Setup{Dialect: dialect, DSN: c.DSN})
	w.Seed() // these reach only a store that is forgotten
	w.Drain()
	w.Must(w.DB.Model(&world.Post{}).Where("id > 0").Update("author_id", 3).Error)
	closeDB(t, w.DB)
	return c
}

// child is a process that was started.
type child struct {
	*exec.Cmd

	stderr *strings.Builder
}

// start starts the process and waits until it is at work.
func (c crash) start(t *testing.T) child {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	cmd := child{exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$"), &strings.Builder{}}
	cmd.Env = append(os.Environ(), crashVariable+"="+string(text))
	cmd.Stderr = cmd.stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil || strings.TrimSpace(line) != crashReady {
		t.Fatalf("child says %q, %v\n%s", line, errors.Join(err, cmd.Wait()), cmd.stderr)
	}
	return cmd
}

// wait waits until the process has been killed.
func (c child) wait(t *testing.T) {
	t.Helper()
	if err := c.Wait(); err == nil || c.ProcessState.Exited() {
		t.Fatalf("child: %v, want it killed\n%s", err, c.stderr)
	}
}

// reopen opens what the process left behind, and closes it again.
func (c crash) reopen(t *testing.T, look func(w *world.World)) {
	t.Helper()
	c.awaitAlone(t)
	store, err := c.Store.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}()
	w := &world.World{TB: t, Dialect: c.Dialect, DSN: c.DSN, Timelines: timak.New(store, nil)}
	w.DB = world.OpenDSN(t, c.Dialect, c.DSN, nil)
	defer closeDB(t, w.DB)
	w.Use(nil)
	look(w)
}

// awaitAlone waits until the database has ended the sessions of the process: a
// commit that was under way when it was killed may still take place.
func (c crash) awaitAlone(t *testing.T) {
	t.Helper()
	if c.Dialect != "postgres" {
		return
	}
	w := &world.World{TB: t, DB: world.OpenDSN(t, c.Dialect, c.DSN, nil)}
	defer closeDB(t, w.DB)
	w.Await("the sessions of a killed process to end", func() bool {
		var others int64
		w.Must(w.DB.Raw(`SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`).Scan(&others).Error)
		return others == 0
	})
}
