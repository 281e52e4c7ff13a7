package riaktest_test

import (
	"strings"
	"testing"

	"github.com/timak-go/timak/timak/riaktest"
)

// TestConformanceLacksANode: the comparison with a real node reports a node that is
// down, and does not count the consequences as differences.
func TestConformanceLacksANode(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, &riaktest.Options{Nodes: 4, Types: map[string]riaktest.Props{"single": {NVal: 1}}})
	s := func() *session {
		return &session{client: connect(t, c.Addresses()[0]), key: newKey("timelines")}
	}
	wantLacking(t, s(), "")

	c.Nodes()[3].Stop()
	found := false
	for range 40 { // one key in four has no replica there
		session := s()
		why := session.lacking(true)
		if other := session.lacking(false); other != "" {
			t.Errorf("a row that does not need all replicas: got %q", other)
		}
		down := session.put(session.key, "x", nil, withPW(replicas)).words != "done"
		if (why != "") != down || down && !strings.Contains(why, "a node that is down") {
			t.Errorf("a put with pw=3 that fails: %v; got %q", down, why)
		}
		found = found || down
	}
	if !found {
		t.Error("no key had a replica on the node that is down")
	}

	if err := c.Nodes()[3].Start(); err != nil {
		t.Fatal(err)
	}
	wantLacking(t, s(), "")
	single := s()
	single.key.Type = "single"
	wantLacking(t, single, "another n_val than 3")
	single.key.Type = "none"
	wantLacking(t, single, "no_type")
}

func wantLacking(t *testing.T, s *session, want string) {
	t.Helper()
	if why := s.lacking(true); (want == "") != (why == "") || !strings.Contains(why, want) {
		t.Errorf("got %q, want %q in it", why, want)
	}
}
