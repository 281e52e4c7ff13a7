package riakstore

import (
	"log/slog"
	"strings"
	"testing"
	"time"
)

// threeNodes returns nodes that nobody connects to.
func threeNodes() *ring {
	r := new(ring)
	for range 3 {
		r.nodes = append(r.nodes, newNode("192.0.2.1:8087", &Options{
			Connections: 1, RequestTimeout: time.Minute, Logger: slog.New(slog.DiscardHandler),
		}))
	}
	return r
}

// TestOneRequestProbes: when a node has been avoided for long enough, exactly one
// of all requests asks it, and at once.
func TestOneRequestProbes(t *testing.T) {
	t.Parallel()
	r := threeNodes()
	lost := r.nodes[1]
	places := func() (places [3]int) {
		for range 30 {
			for i, n := range r.order(time.Minute) {
				if n == lost {
					places[i]++
				}
			}
		}
		return places
	}
	for _, test := range []struct {
		about string
		avoid int64
		want  [3]int
	}{
		{"it works", 0, [3]int{10, 10, 10}},
		{"it has just failed", time.Now().Add(time.Minute).UnixNano(), [3]int{0, 0, 30}},
		{"it has been avoided", time.Now().UnixNano(), [3]int{1, 0, 29}},
	} {
		lost.avoid.Store(test.avoid)
		if got := places(); got != test.want {
			t.Errorf("%s: first, second and last %d times, want %d", test.about, got, test.want)
		}
	}
}

// TestOneNodeIsProbed: a request that probed two nodes might never reach the
// second.
func TestOneNodeIsProbed(t *testing.T) {
	t.Parallel()
	r := threeNodes()
	r.nodes[0].avoid.Store(1)
	r.nodes[2].avoid.Store(1)
	first := r.order(time.Minute)[0]
	second := r.order(time.Minute)[0]
	third := r.order(time.Minute)[0]
	if first == second || first == r.nodes[1] || second == r.nodes[1] || third != r.nodes[1] {
		t.Error("want each node that failed first once, and then the one that works")
	}
}

// TestCloseHasALimit: a request that never ends does not block Close forever.
func TestCloseHasALimit(t *testing.T) {
	t.Parallel()
	n := threeNodes().nodes[0]
	n.limit = time.Millisecond
	n.slots <- struct{}{}
	if err := n.close(); err == nil || !strings.Contains(err.Error(), "connections remain") {
		t.Errorf("got %v, want an error that connections remain", err)
	}
	<-n.slots
}

// TestJudge: values count, not how often they occur.
func TestJudge(t *testing.T) {
	t.Parallel()
	s := &Store{opts: Options{BucketType: "t", Bucket: "b"}}
	for left, want := range map[string]string{
		"blind second":       "",
		"blind blind second": "",
		"first blind second": "dotted version vectors",
		"second":             "drops siblings",
		"blind":              "drops siblings",
		"second second":      "drops siblings",
		"first":              "drops siblings",
		"":                   "drops siblings",
		"first blind":        "drops siblings",
	} {
		var siblings [][]byte
		for value := range strings.FieldsSeq(left) {
			siblings = append(siblings, []byte(value))
		}
		if err := s.judge(siblings); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", left, err, want)
		}
	}
}
