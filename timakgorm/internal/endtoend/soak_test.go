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
	"github.com/timak-go/timak/timak/riakstore"
	"github.com/timak-go/timak/timak/riaktest"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// The soak is everything at once: processes that write, roll back, cancel and
// panic, relays that are killed and started again, a Postgres that crashes and
// restarts, a Riak that loses nodes and answers. soakTime is how long it lasts
// for each way of capture, unless the environment says otherwise.
const (
	soakTime     = 12 * time.Second
	soakTimeVar  = "TIMAK_TEST_SOAK"
	soakWriters  = 4
	soakRelays   = 3
	soakRestarts = 2
)

func TestSoak(t *testing.T) {
	t.Parallel()
	lasting, err := time.ParseDuration(cmp.Or(os.Getenv(soakTimeVar), soakTime.String()))
	if err != nil {
		t.Fatalf("%s: %v", soakTimeVar, err)
	}
	for name, triggers := range map[string]bool{"callbacks": false, "triggers": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			newSoak(t, triggers).run(lasting)
		})
	}
}

// soak is one run, seen from the test.
type soak struct {
	*world.World

	server  *pgtest.Server
	cluster *riaktest.Cluster
	role    soakRole
	writers []*soakProcess
	relays  []*soakProcess
	kills   int
}

func newSoak(t *testing.T, triggers bool) *soak {
	t.Helper()
	s := &soak{server: pgtest.NewServer(t), cluster: riaktest.Start(t, nil)}
	s.role = soakRole{DSN: s.server.DSN("postgres"), Addresses: s.cluster.Addresses(), Triggers: triggers}
	store, err := riakstore.Open(s.role.Addresses, soakStore())
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
	s.Logf("%d relays killed; %d posts; store: %+v", s.kills, s.Count("posts"), s.Timelines.Stats())
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
		switch rand.IntN(4) {
		case 0:
			s.killRelay()
		case 1:
			s.loseAnswers()
		case 2:
			s.loseNode()
		default:
		}
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

func (s *soak) loseAnswers() {
	faults := []riaktest.Fault{
		riaktest.LoseReply(), riaktest.Drop(), riaktest.Fail("overload"), riaktest.Fail("timeout"), riaktest.CutReply(), riaktest.Hang(),
	}
	kinds := []riaktest.Kind{riaktest.Get, riaktest.Put}
	injection := s.cluster.Inject(riaktest.Match{Kind: kinds[rand.IntN(len(kinds))], Count: 1 + rand.IntN(20)}, faults[rand.IntN(len(faults))])
	time.Sleep(time.Duration(rand.IntN(100)) * time.Millisecond)
	injection.Remove()
}

func (s *soak) loseNode() {
	nodes := s.cluster.Nodes()
	node := nodes[rand.IntN(len(nodes))]
	node.Stop()
	time.Sleep(time.Duration(rand.IntN(200)) * time.Millisecond)
	s.Must(node.Start())
}

// lookForPhantoms reads timelines while everything goes on: what was rolled
// back is never on one, not even for a moment.
func (s *soak) lookForPhantoms() {
	for author := range 5 {
		timeline, err := s.Timelines.Get(s.Context(), timakgorm.Key("author:{}:posts", author))
		if err != nil {
			continue // a node is away
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
