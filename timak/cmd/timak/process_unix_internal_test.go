//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/pgstore"
)

// binary builds the command, as its users do, and returns its path.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(binaryFolder, "timak")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, err
})

// process starts the command.
func process(t testing.TB, args ...string) *running {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	r := &running{Cmd: exec.CommandContext(t.Context(), path, args...), ended: make(chan struct{})}
	r.Stdout, r.Stderr = &r.out, &r.out
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(r.ended)
		_ = r.Wait() // an error says what the code says
	}()
	return r
}

// running is the command as a process.
type running struct {
	*exec.Cmd
	out   locked
	ended chan struct{} // closed at its end
}

// end waits for the end of the process, and returns its exit code; -1 if it was killed.
func (r *running) end() int {
	<-r.ended
	return r.ProcessState.ExitCode()
}

// peak returns, at the end of the process, the most memory that it has had, in bytes: what
// the system calls its high water mark; 0 where the system does not tell.
func (r *running) peak() (code, most int) {
	status := fmt.Sprintf("/proc/%d/status", r.Process.Pid)
	for {
		if text, err := os.ReadFile(status); err == nil {
			if _, after, found := strings.Cut(string(text), "VmHWM:"); found {
				kilobytes, _ := strconv.Atoi(strings.Fields(after)[0])
				most = max(most, kilobytes<<10)
			}
		}
		select {
		case <-r.ended:
			return r.end(), most
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// many is how many timelines a copy has, from TIMAK_TEST_COPY.
func many(t testing.TB) int {
	t.Helper()
	text := os.Getenv("TIMAK_TEST_COPY")
	if text == "" {
		return 3000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 100 {
		t.Fatalf("TIMAK_TEST_COPY: expected a number of timelines from 100, got %q", text)
	}
	return n
}

func keyOfAuthor(n int) string { return fmt.Sprintf("author:%06d", n) }

// each does something for all numbers below n, several at a time.
func each(t testing.TB, n int, do func(n int) error) {
	t.Helper()
	var group errgroup.Group
	const workers = 16
	for w := range workers {
		group.Go(func() error {
			for i := w; i < n; i += workers {
				if err := do(i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

// write puts items into timelines 0 to n-1, with ids that begin with a name.
func write(t testing.TB, store driver.Store, n int, name string, items int) {
	t.Helper()
	timelines := timak.New(store, nil)
	each(t, n, func(n int) error {
		random := rand.NewChaCha8([32]byte{byte(n), byte(n >> 8), byte(n >> 16)})
		var ops []timak.Op
		for i := range items {
			data := make([]byte, 100)
			_, _ = random.Read(data) // never fails
			ops = append(ops, timak.Put(timak.Item{ID: fmt.Sprint(name, i), At: at(i), Data: data}))
		}
		_, err := timelines.Apply(t.Context(), keyOfAuthor(n), ops...)
		return err
	})
}

// target is a store in Postgres that a copy goes to.
type target struct {
	name  string
	pool  *pgxpool.Pool
	store *pgstore.Store
}

func newTarget(t testing.TB) target {
	t.Helper()
	name := postgres(t)
	pool, err := pgxpool.New(t.Context(), strings.TrimPrefix(name, "postgres:"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	store, err := pgstore.New(pool, nil)
	if err != nil {
		t.Fatal(err)
	}
	return target{name, pool, store}
}

func (g target) count(t testing.TB) (n int) {
	t.Helper()
	if err := g.pool.QueryRow(t.Context(), "SELECT count(*) FROM timak_timelines").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// hold keeps a copy from its end: until it lets go, the timeline with a key is another's to
// write.
func (g target) hold(t testing.TB, key string) (letGo func()) {
	t.Helper()
	tx, err := g.pool.Begin(t.Context())
	if err == nil {
		_, err = tx.Exec(t.Context(), "INSERT INTO timak_timelines (key, dot, value) VALUES ($1, 1, '')", []byte(key))
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// reaches waits until the target has so many timelines, while the command runs.
func (g target) reaches(t testing.TB, n int, r *running) {
	t.Helper()
	for g.count(t) < n {
		select {
		case <-r.ended:
			t.Fatalf("the command has ended: %s", r.out.String())
		case <-time.After(time.Millisecond):
		}
	}
}

// putsOfEach is how many items a writer puts on a timeline at most: so three of them, and
// what is copied, are fewer than a timeline holds.
const putsOfEach = 300

// writers write to timelines until they are stopped. Then stop returns how often they have
// put an item, by key.
func (g target) writers(t testing.TB, among int) (stop func() map[string]int) {
	ctx, cancel := context.WithCancel(t.Context())
	timelines := timak.New(g.store, nil)
	written := make([]map[string]int, 3)
	var group errgroup.Group
	for w := range written {
		written[w] = map[string]int{}
		group.Go(func() error {
			for n := 0; ctx.Err() == nil && n < putsOfEach*among; n++ {
				key := keyOfAuthor(n * 37 % among)
				id := fmt.Sprintf("live%d:%d", w, written[w][key])
				// It is carried out to its end: what was written must be known.
				if _, err := timelines.Apply(context.WithoutCancel(ctx), key, timak.Put(timak.Item{ID: id, At: at(n)})); err != nil {
					return err
				}
				written[w][key]++
				time.Sleep(time.Millisecond)
			}
			return nil
		})
	}
	return func() map[string]int {
		cancel()
		if err := group.Wait(); err != nil {
			t.Error(err)
		}
		all := map[string]int{}
		for w, counts := range written {
			for key, n := range counts {
				all[fmt.Sprintf("live%d %s", w, key)] = n
			}
		}
		return all
	}
}

// A copy to a store that is written to meanwhile is killed in the middle; the source is
// written to; and a second run brings all that is missing. Then every item of both sides
// is there, and no other. The second run needs little memory, whatever there is to copy.
func TestProcess_copyIsKilled(t *testing.T) {
	t.Parallel()
	n := many(t)
	path := filepath.Join(t.TempDir(), "feed.db")
	inBolt(t, path, func(store driver.Store) { write(t, store, n, "old", 10) })
	to := newTarget(t)
	stop := to.writers(t, 50)

	letGo := to.hold(t, keyOfAuthor(n/2))
	first := process(t, "copy", "-from", "bolt:"+path, "-to", to.name)
	to.reaches(t, n/10, first)
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if code := first.end(); code != -1 {
		t.Fatalf("the first run has ended by itself, with code %d: %s", code, first.out.String())
	}
	letGo()
	if got := to.count(t); got >= n {
		t.Fatalf("%d of %d timelines were copied before the first run was killed", got, n)
	}
	inBolt(t, path, func(store driver.Store) { write(t, store, n/7, "new", 2) })

	second := process(t, "copy", "-from", "bolt:"+path, "-to", to.name)
	code, peak := second.peak()
	if code != codeDone {
		t.Fatalf("the second run has ended with code %d: %s", code, second.out.String())
	}
	live := stop()
	size, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d timelines, a file of %d MB: at most %d MB of memory", n, size.Size()>>20, peak>>20)
	if peak > 100_000_000 || peak == 0 && runtime.GOOS == "linux" {
		t.Errorf("the copy has taken %d MB of memory", peak>>20)
	}
	third := process(t, "copy", "-from", "bolt:"+path, "-to", to.name)
	if code := third.end(); code != codeDone || !strings.Contains(third.out.String(), fmt.Sprintf("%d timelines copied: 0 of", n)) {
		t.Errorf("a third run has changed something: code %d, %s", code, third.out.String())
	}
	to.wantAll(t, n, live)
}

// wantAll expects in each timeline the items that the writers of both sides have put.
func (g target) wantAll(t testing.TB, n int, live map[string]int) {
	t.Helper()
	if len(live) == 0 {
		t.Error("nobody has written meanwhile")
	}
	timelines := timak.New(g.store, nil)
	each(t, n, func(i int) error {
		key := keyOfAuthor(i)
		entries, err := timelines.Entries(t.Context(), key)
		if err != nil {
			return err
		}
		missing := map[string]bool{}
		expect := func(name string, items int) {
			for i := range items {
				missing[fmt.Sprint(name, i)] = true
			}
		}
		expect("old", 10)
		if i < n/7 {
			expect("new", 2)
		}
		for w := range 3 {
			expect(fmt.Sprintf("live%d:", w), live[fmt.Sprintf("live%d %s", w, key)])
		}
		for _, entry := range entries.Live() {
			if !missing[entry.ID] {
				return fmt.Errorf("%s has %s, which nobody has put", key, entry.ID)
			}
			delete(missing, entry.ID)
		}
		if len(missing) > 0 {
			return fmt.Errorf("%s lacks %q", key, slices.Sorted(maps.Keys(missing)))
		}
		return nil
	})
}

// A signal stops a copy, whose message can be pasted into a shell to go on.
func TestProcess_signals(t *testing.T) {
	t.Parallel()
	n := many(t)
	path := filepath.Join(t.TempDir(), "feed.db")
	inBolt(t, path, func(store driver.Store) { write(t, store, n, "old", 1) })
	for signal, want := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		to := newTarget(t)
		letGo := to.hold(t, keyOfAuthor(n/2))
		r := process(t, "copy", "-parallel", "1", "-from", "bolt:"+path, "-to", to.name)
		to.reaches(t, n/10, r)
		if err := r.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if code := r.end(); code != want {
			t.Fatalf("%v: got code %d, want %d: %s", signal, code, want, r.out.String())
		}
		letGo()
		_, more, _ := strings.Cut(strings.TrimSpace(r.out.String()), "run it again with ")
		shell := exec.CommandContext(t.Context(), "sh", "-c", `"$0" copy `+more, r.Path)
		shell.Env = append(os.Environ(), "TIMAK_FROM=bolt:"+path, "TIMAK_TO="+to.name)
		out, err := shell.CombinedOutput()
		if err != nil || bytes.HasPrefix(out, []byte(fmt.Sprint(n))) {
			t.Fatalf("%v: the rest, with %s: %v\n%s", signal, more, err, out)
		}
		if got := to.count(t); got != n {
			t.Errorf("%v: got %d timelines, want %d", signal, got, n)
		}
	}
}

// A store that does not answer makes one message, and no log of a client beside it.
func TestProcess_noLogs(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := listener.Addr().String()
	_ = listener.Close()
	for _, store := range []string{
		"redis:" + nobody, "redis://" + nobody + "?addr=" + nobody, "riak:" + nobody,
	} {
		r := process(t, "get", "-store", store, "k")
		if code := r.end(); code != codeError {
			t.Errorf("%s: got code %d", store, code)
		}
		if out := r.out.String(); !strings.HasPrefix(out, "timak: get: ") || strings.Count(out, "\n") > 1 {
			t.Errorf("%s: got more than a message:\n%s", store, out)
		}
	}
}
