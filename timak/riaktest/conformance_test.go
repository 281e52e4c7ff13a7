package riaktest_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/timak-go/timak/timak/riaktest"
)

// The rows of these tables are transcripts of a real node. They run against this
// package, and against a real node if these variables are set. Its bucket types
// must have n_val 3, and all its nodes should be up: a row with pw=3, or with a
// tombstone that must go, is skipped, with a message, if its key has a replica on a
// node that is down.
//
//	TIMAK_TEST_RIAK             host:port; of several, with commas between, the first
//	TIMAK_TEST_RIAK_TYPE        a bucket type with siblings and dotted version vectors; "timelines"
//	TIMAK_TEST_RIAK_TYPE_NODVV  one with siblings, and dvv_enabled=false
const (
	envAddresses = "TIMAK_TEST_RIAK"
	envType      = "TIMAK_TEST_RIAK_TYPE"
	envTypeNoDVV = "TIMAK_TEST_RIAK_TYPE_NODVV"
)

// replicas is the n_val of the transcripts.
const replicas = 3

// target is a cluster that rows run against.
type target struct {
	addresses  []string
	bucketType string
	dvv        bool
	maxSize    int
	reap       func() // nil: tombstones go by themselves

	lacks func(t testing.TB, why string) // ends a row for what the cluster lacks
}

// lacking returns what the cluster lacks for a row to hold for the session's key,
// or nothing; allLive says that all replicas must be up. It stores nothing.
func (s *session) lacking(allLive bool) string {
	got := s.get(s.key, withPR(replicas))
	switch {
	case got.words == "notfound":
		return ""
	case strings.Contains(got.words, "pr_val_unsatisfied"):
		if !allLive {
			return ""
		}
		return fmt.Sprintf("a replica of this key is on a node that is down (%s), and this row needs all %d: start every node of the cluster", got.words, replicas)
	case strings.Contains(got.words, "n_val_violation"):
		return fmt.Sprintf("bucket type %q has another n_val than %d (%s): name one that has it in %s or %s", s.key.Type, replicas, got.words, envType, envTypeNoDVV)
	default:
		return fmt.Sprintf("a get of a new key, with pr=%d, is answered with %q, not with notfound", replicas, got.words)
	}
}

// session is one row on one target, with a key of its own.
type session struct {
	*client
	target target
	key    riaktest.Key
	saved  map[string][]byte // vector clocks, by name
	last   outcome
}

// step is one request and its outcome.
type step struct {
	say       string
	do        func(*session) outcome
	want      string
	wantNoDVV string // without dotted version vectors, if that differs
}

func put(value, seen string, opts ...putOption) func(*session) outcome {
	return func(s *session) outcome { return s.put(s.key, value, s.saved[seen], opts...) }
}

func get(opts ...getOption) func(*session) outcome {
	return func(s *session) outcome { return s.get(s.key, opts...) }
}

func getUnless(seen string) func(*session) outcome {
	return func(s *session) outcome { return s.get(s.key, ifModified(s.saved[seen])) }
}

func del(seen string) func(*session) outcome {
	return func(s *session) outcome { return s.del(s.key, s.saved[seen]) }
}

// save names the vector clock of the previous request.
func save(name string) step {
	return step{say: "save " + name, do: func(s *session) outcome {
		if len(s.last.clock) == 0 {
			s.t.Fatalf("save %s: the last answer had no vector clock", name)
		}
		s.saved[name] = s.last.clock
		return outcome{words: "saved", clock: s.last.clock}
	}, want: "saved"}
}

func forget() step {
	return step{say: "another key", do: func(s *session) outcome {
		s.key = newKey(s.key.Type)
		return outcome{}
	}}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	targets := func(t *testing.T, dvv bool) {
		t.Run("riaktest", func(t *testing.T) { conform(t, inProcess(t, dvv)) })
		t.Run("real", func(t *testing.T) { conform(t, real(t, dvv)) })
	}
	t.Run("dvv", func(t *testing.T) { targets(t, true) })
	t.Run("no dvv", func(t *testing.T) { targets(t, false) })
}

func conform(t *testing.T, on target) {
	for _, row := range conformance {
		t.Run(row.name, func(t *testing.T) {
			s := &session{client: connect(t, on.addresses...), target: on, key: newKey(on.bucketType), saved: map[string][]byte{}}
			if why := s.lacking(row.allLive); why != "" {
				on.lacks(t, why)
			}
			for _, step := range row.steps {
				want := step.want
				if !on.dvv && step.wantNoDVV != "" {
					want = step.wantNoDVV
				}
				s.last = step.do(s)
				if s.last.words != want {
					t.Fatalf("%s: got %q, want %q", step.say, s.last.words, want)
				}
			}
		})
	}
}

func inProcess(t *testing.T, dvv bool) target {
	const maxSize = 1 << 20
	c := riaktest.Start(t, &riaktest.Options{
		MaxSize:   maxSize,
		ReapAfter: riaktest.ReapNever,
		Types:     map[string]riaktest.Props{"no-dvv": {NoDVV: true}},
	})
	on := target{addresses: c.Addresses(), bucketType: "timelines", dvv: dvv, maxSize: maxSize, reap: c.Reap, lacks: func(t testing.TB, why string) { t.Fatal(why) }}
	if !dvv {
		on.bucketType = "no-dvv"
	}
	return on
}

func real(t *testing.T, dvv bool) target {
	addresses := os.Getenv(envAddresses)
	if addresses == "" {
		t.Skipf("no real Riak: set %s to host:port,…", envAddresses)
	}
	one := strings.Split(addresses, ",")[:1] // what another node knows of a put depends on timing
	on := target{addresses: one, bucketType: "timelines", dvv: dvv, maxSize: 50 << 20, lacks: func(t testing.TB, why string) { t.Skip(why) }}
	if name := os.Getenv(envType); name != "" {
		on.bucketType = name
	}
	if !dvv {
		on.bucketType = os.Getenv(envTypeNoDVV)
		if on.bucketType == "" {
			t.Skipf("no bucket type without dotted version vectors: set %s to one with allow_mult=true, dvv_enabled=false", envTypeNoDVV)
		}
	}
	return on
}
