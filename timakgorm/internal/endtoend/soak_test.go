package endtoend_test

import (
	"bufio"
	"cmp"
	"encoding/json"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/timak/pgtest"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// The soak is everything at once: processes that write, roll back, cancel and
// panic, relays that are killed and started again, a Postgres that crashes and
// restarts, a store that goes away and loses answers. soakTimeVar says how long each
// lasts, if it is set.
const (
	soakTimeVar  = "TIMAK_TEST_SOAK"
	soakWriters  = 4
	soakRelays   = 3
	soakRestarts = 2
)

var soaks = []struct {
	name     string
	triggers bool
	store    func(s *soak)
	lasts    time.Duration // unless the environment says otherwise
}{
	{"callbacks and Riak", false, (*soak).onRiak, 12 * time.Second},
	{"triggers and Riak", true, (*soak).onRiak, 12 * time.Second},
	{"callbacks and Postgres", false, (*soak).onPostgres, 6 * time.Second},
	{"triggers and Redis", true, (*soak).onRedis, 6 * time.Second},
}

func TestSoak(t *testing.T) {
	t.Parallel()
	for _, how := range soaks {
		t.Run(how.name, func(t *testing.T) {
			t.Parallel()
			lasting, err := time.ParseDuration(cmp.Or(os.Getenv(soakTimeVar), how.lasts.String()))
			if err != nil {
				t.Fatalf("%s: %v", soakTimeVar, err)
			}
			newSoak(t, how.triggers, how.store).run(lasting)
		})
	}
}

// soak is one run, seen from the test.
type soak struct {
	*world.World

	server  *pgtest.Server
	faults  []func() // of the store
	role    soakRole
	writers []*soakProcess
	relays  []*soakProcess
	kills   int
	cuts    int // calls of the store that were cut off
}

func newSoak(t *testing.T, triggers bool, on func(*soak)) *soak {
	t.Helper()
	s := &soak{World: &world.World{TB: t}, server: pgtest.NewServer(t)}
	s.role = soakRole{DSN: s.server.DSN("postgres"), Triggers: triggers}
	on(s)
	store, err := s.role.Store.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	s.World = world.New(t, world.Setup{
		Dialect: "postgres", DSN: s.role.DSN, Store: store, Options: s.role.options(),
		Models: []any{&world.Author{}, &world.Post{}, &Fan{}}, Tracked: soakTracked(),
	})
	if triggers {
		s.Must(s.Plugin.InstallTriggers(t.Context(), s.DB))
	}
	s.Seed()
	return s
}

func (s *soak) run(lasting time.Duration) {
	for range soakWriters {
		s.writers = append(s.writers, s.start(false))
	}
	for range soakRelays {
		s.relays = append(s.relays, s.start(true))
	}
	s.trouble(lasting)
	for _, p := range append(s.writers, s.relays...) {
		p.end(s.TB)
	}
	s.Must(s.DB.Exec("SELECT 1").Error) // the pool may hold connections that died with the server
	s.fillFeeds()
	s.Check()
	s.checkFeeds()
	s.verify()
	s.Logf("%d relays killed; %d calls cut off; %d posts; store: %+v", s.kills, s.cuts, s.Count("posts"), s.Timelines.Stats())
}

// verify is the plugin's own word on it.
func (s *soak) verify() {
	s.Helper()
	report, err := s.Plugin.Verify(s.Context(), timakgorm.VerifyOptions{})
	s.Must(err)
	if len(report.Differences) > 0 {
		s.Errorf("Verify finds %d differences: %+v", len(report.Differences), report.Differences)
	}
}

// trouble is what happens while they work.
func (s *soak) trouble(lasting time.Duration) {
	start := time.Now()
	restarts := 0
	for time.Since(start) < lasting {
		time.Sleep(time.Duration(50+rand.IntN(200)) * time.Millisecond)
		s.lookForPhantoms()
		if at := lasting * time.Duration(restarts+1) / (soakRestarts + 1); restarts < soakRestarts && time.Since(start) > at {
			s.restart(restarts)
			restarts++
		}
		happens := append([]func(){s.killRelay, func() {}}, s.faults...)
		happens[rand.IntN(len(happens))]()
	}
	if restarts < soakRestarts {
		s.Errorf("Postgres was restarted %d times, want %d", restarts, soakRestarts)
	}
}

// restart crashes Postgres, or stops it in good order.
func (s *soak) restart(n int) {
	s.Helper()
	if n%2 == 0 {
		s.Must(s.server.Crash())
		s.Must(s.server.Start(s.Context()))
		return
	}
	s.Must(s.server.Restart(s.Context()))
}

func (s *soak) killRelay() {
	i := rand.IntN(len(s.relays))
	s.relays[i].kill(s.TB)
	s.relays[i] = s.start(true)
	s.kills++
}

// lookForPhantoms reads timelines while everything goes on: what was rolled
// back is never on one, not even for a moment.
func (s *soak) lookForPhantoms() {
	for author := range 5 {
		timeline, err := s.Timelines.Get(s.Context(), timakgorm.Key("author:{}:posts", author))
		if err != nil {
			continue // the store is away
		}
		for _, item := range timeline.Items() {
			if strings.Contains(string(item.Data), rolledBack) {
				s.Errorf("%s is on a timeline: %s", item.ID, item.Data)
			}
		}
	}
}

// soakProcess is one of the processes.
type soakProcess struct {
	cmd    *exec.Cmd
	stdin  io.Closer
	stderr strings.Builder
}

// start starts a process and waits until it is at work.
func (s *soak) start(relay bool) *soakProcess {
	s.Helper()
	role := s.role
	role.Relay, role.Seed = relay, rand.Uint64()
	text, err := json.Marshal(role)
	s.Must(err)
	p := &soakProcess{cmd: exec.CommandContext(s.Context(), os.Args[0], "-test.run=^$")}
	p.cmd.Env = append(os.Environ(), soakVariable+"="+string(text))
	p.cmd.Stderr = &p.stderr
	p.stdin, err = p.cmd.StdinPipe()
	s.Must(err)
	stdout, err := p.cmd.StdoutPipe()
	s.Must(err)
	s.Must(p.cmd.Start())
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || strings.TrimSpace(line) != crashReady {
		_ = p.cmd.Wait()
		s.Fatalf("a process of the soak says %q, %v\n%s", line, err, &p.stderr)
	}
	return p
}

func (p *soakProcess) kill(t testing.TB) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	if err := p.cmd.Wait(); err == nil || p.cmd.ProcessState.Exited() {
		t.Errorf("a relay ended by itself: %v\n%s", err, &p.stderr)
	}
}

// end lets a process finish what it is doing.
func (p *soakProcess) end(t testing.TB) {
	t.Helper()
	_ = p.stdin.Close()
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("a process of the soak: %v\n%s", err, &p.stderr)
	}
}
