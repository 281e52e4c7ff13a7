package riakstore_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/timak-go/timak/timak/riakstore"
	"github.com/timak-go/timak/timak/riaktest"
)

// A log collects what a store logs.
type log struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func newLog() *log { return new(log) }

func (l *log) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// Write implements io.Writer.
func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.Write(p)
}

func (l *log) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.String()
}

// TestLostNodeIsLogged: a lost node is logged once, however often it is tried, and
// once when it is back.
func TestLostNodeIsLogged(t *testing.T) {
	t.Parallel()
	cluster := riaktest.Start(t, nil)
	node := cluster.Nodes()[1]
	opts, log := quick(), newLog()
	opts.Logger = log.logger()
	store := open(t, cluster.Addresses(), opts)
	lost := cluster.Inject(riaktest.Match{Node: node}, riaktest.Drop())
	untilRead := func(is func() bool) {
		until(t, func() bool {
			_, err := store.Get(t.Context(), "k")
			return err != nil || is()
		})
	}
	tries := func() int { return node.Requests(riaktest.Connect) }
	before := tries()
	untilRead(func() bool { return tries() >= before+4 }) // two for each new client
	if text := log.text(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "level=WARN") || !strings.Contains(text, node.Address()) {
		t.Errorf("got %q, want one warning that names %s", text, node.Address())
	}
	lost.Remove()
	untilRead(func() bool { return strings.Contains(log.text(), "level=INFO") })
	if text := log.text(); strings.Count(text, "\n") != 2 {
		t.Errorf("got %q, want two lines", text)
	}
}

const silentEnv = "TIMAK_RIAKSTORE_SILENT"

// H18: the client's own complaints about lost nodes are discarded, whatever the
// program does with its log. The test runs another process, as the client's log is
// global.
func TestClientIsSilent(t *testing.T) {
	t.Parallel()
	if os.Getenv(silentEnv) != "" {
		failInAllWays(t)
		return
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestClientIsSilent$")
	child.Env = append(os.Environ(), silentEnv+"=1")
	var stderr bytes.Buffer
	child.Stderr = &stderr
	if out, err := child.Output(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if stderr.Len() > 0 {
		t.Errorf("written to standard error:\n%s", stderr.String())
	}
}

func failInAllWays(t *testing.T) {
	cluster := riaktest.Start(t, nil)
	opts := quick()
	opts.Logger = slog.New(slog.DiscardHandler)
	store := open(t, cluster.Addresses(), opts)
	for _, fault := range []riaktest.Fault{riaktest.Drop(), riaktest.Hang(), riaktest.Fail("overload"), riaktest.EmptyReply(), riaktest.CutReply()} {
		injection := cluster.Inject(riaktest.Match{Count: 1}, fault)
		put(t, store, "k", "v")
		injection.Remove()
	}
	for _, node := range cluster.Nodes() {
		node.Refuse()
		node.Disconnect()
		put(t, store, "k", "v")
		if err := node.Restart(); err != nil {
			t.Fatal(err)
		}
	}
}

// H14: after cancelled calls, lost nodes and Close, no goroutine of the store or
// the client is left. Not parallel, as other stores have goroutines too.
func TestNothingIsLeftBehind(t *testing.T) {
	cluster := riaktest.Start(t, nil)
	store, err := riakstore.Open(cluster.Addresses(), quick())
	if err != nil {
		t.Fatal(err)
	}
	hang := cluster.Inject(riaktest.Match{}, riaktest.Hang())
	together(50, func(int) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, _ = store.Put(ctx, "k", []byte("v"), nil) // may succeed or not
	})
	hang.Remove()
	if err := cluster.Nodes()[0].Restart(); err != nil {
		t.Fatal(err)
	}
	put(t, store, "k", "v")
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return len(ofTheStore()) == 0 })
	for _, stack := range ofTheStore() {
		t.Errorf("left behind:\n%s", stack)
	}
}

// ofTheStore returns the stacks of goroutines that are in the store or in the
// client.
func ofTheStore() []string {
	buffer := make([]byte, 16<<20)
	buffer = buffer[:runtime.Stack(buffer, true)]
	var out []string
	for stack := range strings.SplitSeq(string(buffer), "\n\n") {
		if strings.Contains(stack, "testing.tRunner(") {
			continue // a goroutine of a test
		}
		if strings.Contains(stack, "riak-go-client") || strings.Contains(stack, "timak/riakstore.") {
			out = append(out, stack)
		}
	}
	return out
}
