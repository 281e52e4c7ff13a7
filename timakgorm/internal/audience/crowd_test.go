package audience_test

import (
	"bufio"
	"cmp"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/boltstore"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/riakstore"
	"github.com/timak-go/timak/timak/riaktest"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// crowdVariable sets how many followers the author of TestFeeds_crowd has.
const crowdVariable = "TIMAK_TEST_CROWD"

// usualCrowd takes a few parts.
const usualCrowd = 6000

// crowd is one run: an author with many followers publishes, and a relay in a process of
// its own brings the story to them. It is killed half way, and another goes on.
type crowd struct {
	*world.World

	followers int
	role      crowdRole

	mu      sync.Mutex
	written []string // keys, in order, as relays have told
	most    int64    // memory of a relay, in kilobytes
}

func TestFeeds_crowd(t *testing.T) {
	t.Parallel()
	followers, err := strconv.Atoi(cmp.Or(os.Getenv(crowdVariable), strconv.Itoa(usualCrowd)))
	if err != nil {
		t.Fatalf("%s: %v: expected a number of followers", crowdVariable, err)
	}
	t.Run("boltstore", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "timelines.db")
		newCrowd(t, followers, crowdRole{Bolt: path}).run()
	})
	t.Run("riaktest", func(t *testing.T) {
		t.Parallel()
		newCrowd(t, followers, crowdRole{Riak: riaktest.Start(t, nil).Addresses()}).run()
	})
}

func newCrowd(t *testing.T, followers int, role crowdRole) *crowd {
	t.Helper()
	models := []any{&Subscribe{}, &Story{}}
	c := &crowd{World: world.New(t, world.Setup{Dialect: "postgres", Models: models, Tracked: models}), followers: followers}
	c.role = role
	c.role.DSN = c.DSN
	insertFollows(c.World, followers)
	plain := world.OpenDSN(t, "postgres", c.DSN, nil)
	c.Must(plain.Exec("INSERT INTO subscribes (reader_id, author_id, muted) VALUES (?, 2, false)", followers+1).Error)
	return c
}

func (c *crowd) run() {
	c.Helper()
	c.Must(c.DB.Create(story(1, 1)).Error)
	first := c.start()
	first.await(func() bool { return len(c.written) >= c.followers/2 })
	c.Must(c.DB.Create(story(2, 2)).Error)
	c.mu.Lock()
	from, narrow := len(c.written), home(c.followers+1)
	c.mu.Unlock()
	first.await(func() bool { return slices.Contains(c.written[from:], narrow) })
	between := slices.Index(c.written[from:], narrow)
	first.kill()
	c.start().end()
	c.check(between)
}

// check compares the homes, and tells what was measured.
func (c *crowd) check(between int) {
	c.Helper()
	if n := c.Outbox(); n > 0 {
		c.Errorf("%d changes wait", n)
	}
	seen, twice := map[string]bool{}, 0
	for _, key := range c.written {
		if seen[key] {
			twice++
		}
		seen[key] = true
	}
	store, err := c.role.store()
	c.Must(err)
	defer func() { c.Must(store.Close()) }()
	timelines := timak.New(store, nil)
	for reader := range c.followers + 1 {
		want := "stories:1"
		if reader == c.followers {
			want = "stories:2"
		}
		got, err := timelines.Get(c.Context(), home(reader+1))
		if c.Must(err); len(got.IDs()) != 1 || got.IDs()[0] != want {
			c.Fatalf("%s: got %v, want %s", home(reader+1), got.IDs(), want)
		}
	}
	if megabytes := c.most >> 10; megabytes == 0 || megabytes >= 200 {
		c.Errorf("a relay has had %d MB, want less than 200", megabytes)
	}
	const part = 1000
	if twice > part {
		c.Errorf("%d timelines were written twice, want no more than a part: %d", twice, part)
	}
	c.Logf("%d followers: %d written before the other author's story, %d twice; a relay has had %d MB at most", c.followers, between, twice, c.most>>10)
	if between > 3*part { // two batches, and what had been written and not been heard of yet
		c.Errorf("the story of another author came after %d writes, want it within two batches", between)
	}
}

// crowdRelay is a relay in a process of its own. It tells each key that it has written.
type crowdRelay struct {
	crowd *crowd
	cmd   *exec.Cmd
	ended chan struct{} // closed when it has told all
	log   strings.Builder
}

func (c *crowd) start() *crowdRelay {
	c.Helper()
	text, err := json.Marshal(c.role)
	c.Must(err)
	r := &crowdRelay{crowd: c, cmd: exec.CommandContext(c.Context(), os.Args[0], "-test.run=^$"), ended: make(chan struct{})}
	r.cmd.Env = append(os.Environ(), crowdRoleVariable+"="+string(text))
	r.cmd.Stderr = &r.log
	stdout, err := r.cmd.StdoutPipe()
	c.Must(err)
	c.Must(r.cmd.Start())
	go r.listen(bufio.NewScanner(stdout))
	return r
}

// listen notes what the relay tells.
func (r *crowdRelay) listen(lines *bufio.Scanner) {
	defer close(r.ended)
	c := r.crowd
	for lines.Scan() {
		c.mu.Lock()
		if kilobytes, is := strings.CutPrefix(lines.Text(), memoryPrefix); is {
			c.note(kilobytes)
		} else {
			c.written = append(c.written, lines.Text())
		}
		c.mu.Unlock()
	}
}

// await waits until a condition on what was written holds.
func (r *crowdRelay) await(enough func() bool) {
	r.crowd.Helper()
	r.crowd.Await("the relay to write", func() bool {
		r.crowd.mu.Lock()
		defer r.crowd.mu.Unlock()
		return enough()
	})
}

func (r *crowdRelay) kill() {
	r.crowd.Helper()
	r.measure()
	r.crowd.Must(r.cmd.Process.Kill())
	<-r.ended
	if err := r.cmd.Wait(); err == nil {
		r.crowd.Error("a relay that was killed ended by itself")
	}
}

// end waits until the relay has relayed all and ended.
func (r *crowdRelay) end() {
	r.crowd.Helper()
	<-r.ended
	if err := r.cmd.Wait(); err != nil {
		r.crowd.Fatalf("the relay: %v, %s", err, &r.log)
	}
}

// measure reads how much memory the process has had at most.
func (r *crowdRelay) measure() {
	r.crowd.mu.Lock()
	defer r.crowd.mu.Unlock()
	r.crowd.note(peakOf(strconv.Itoa(r.cmd.Process.Pid)))
}

func (c *crowd) note(kilobytes string) {
	n, err := strconv.ParseInt(kilobytes, 10, 64)
	if err != nil {
		c.Error(err)
	}
	c.most = max(c.most, n)
}

// peakOf returns the kilobytes of memory that a process has had at most.
func peakOf(process string) string {
	status, _ := os.ReadFile("/proc/" + process + "/status")
	for line := range strings.Lines(string(status)) {
		if value, is := strings.CutPrefix(line, "VmHWM:"); is {
			return strings.TrimSuffix(strings.TrimSpace(value), " kB")
		}
	}
	return "0"
}

func (r crowdRole) store() (driver.Store, error) {
	if r.Bolt != "" {
		return boltstore.Open(r.Bolt, nil)
	}
	return riakstore.Open(r.Riak, nil)
}
