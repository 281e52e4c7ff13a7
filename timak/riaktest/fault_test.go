package riaktest_test

import (
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/basho/riak-go-client/rpb/riak_kv"

	"github.com/timak-go/timak/timak/riaktest"
)

func putMessage(t *testing.T, k riaktest.Key, value string) []byte {
	t.Helper()
	return message(t, 11, &riak_kv.RpbPutReq{Type: []byte(k.Type), Bucket: []byte(k.Bucket), Key: []byte(k.Key), Content: content(value)})
}

func getMessage(t *testing.T, k riaktest.Key) []byte {
	t.Helper()
	return message(t, 9, &riak_kv.RpbGetReq{Type: []byte(k.Type), Bucket: []byte(k.Bucket), Key: []byte(k.Key)})
}

// silent reports whether nothing arrives for a short while.
func (w *wire) silent() bool {
	const while = 20 * time.Millisecond
	if err := w.socket.SetReadDeadline(time.Now().Add(while)); err != nil {
		w.t.Fatal(err)
	}
	_, err := w.socket.Read(make([]byte, 1))
	if err := w.socket.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		w.t.Fatal(err)
	}
	return errors.Is(err, os.ErrDeadlineExceeded)
}

func (w *wire) expect(what, want string) {
	w.t.Helper()
	if got := w.receive(); got != want {
		w.t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		fault  riaktest.Fault
		answer string
		stored bool
		after  string // the answer to a ping on the same connection afterwards
	}{
		{"delay", riaktest.Delay(time.Millisecond), "12", true, "2"},
		{"drop", riaktest.Drop(), "closed", false, ""},
		{"fail", riaktest.Fail("{pw_val_unsatisfied,2,1}"), "error {pw_val_unsatisfied,2,1}", false, "2"},
		{"fail late", riaktest.FailLate("{pw_val_unsatisfied,2,1}"), "error {pw_val_unsatisfied,2,1}", true, "2"},
		{"lose reply", riaktest.LoseReply(), "closed", true, ""},
		{"cut reply", riaktest.CutReply(), "cut, closed", true, ""},
		{"empty reply", riaktest.EmptyReply(), "empty", true, "2"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := riaktest.Start(t, nil)
			k := newKey("timelines")
			w := dial(t, c.Addresses()[0])
			c.Inject(riaktest.Match{Kind: riaktest.Put, Count: 1}, test.fault)
			w.send(putMessage(t, k, "v1")...)
			w.expect("put", test.answer)
			if got := len(c.Siblings(k)) > 0; got != test.stored {
				t.Errorf("stored: %v, want %v", got, test.stored)
			}
			if test.after != "" {
				w.send(raw(1, nil)...)
				w.expect("ping", test.after)
			} else {
				eventually(t, "end of the connection", func() bool { return c.Connections() == 0 })
			}
		})
	}
}

// A longer answer is also cut inside the message.
func TestCutReplyOfAGet(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, nil)
	k := newKey("timelines")
	w := dial(t, c.Addresses()[0])
	w.send(putMessage(t, k, "v1")...)
	w.expect("put", "12")
	c.Inject(riaktest.Match{}, riaktest.CutReply())
	w.send(getMessage(t, k)...)
	got, err := io.ReadAll(w.socket)
	if promised := int(got[3]); err != nil || len(got) < 10 || len(got) >= 4+promised {
		t.Errorf("got %d bytes, %v, of a frame of %d", len(got), err, promised)
	}
}

func TestDelay(t *testing.T) {
	t.Parallel()
	const delay = 50 * time.Millisecond
	c := riaktest.Start(t, nil)
	c.Inject(riaktest.Match{}, riaktest.Delay(delay))
	w := dial(t, c.Addresses()[0])
	start := time.Now()
	w.send(raw(1, nil)...)
	w.expect("ping", "2")
	if took := time.Since(start); took < delay {
		t.Errorf("took %v, want at least %v", took, delay)
	}
}

func TestHang(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		fault  riaktest.Fault
		before int // siblings while the request hangs
	}{
		{"before it is carried out", riaktest.Hang(), 0},
		{"after it is carried out", riaktest.HangReply(), 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := riaktest.Start(t, nil)
			hang := c.Inject(riaktest.Match{Kind: riaktest.Put}, test.fault)

			held, left := newKey("timelines"), newKey("timelines")
			staying, leaving := dial(t, c.Addresses()[0]), dial(t, c.Addresses()[0])
			staying.send(putMessage(t, held, "v1")...)
			leaving.send(putMessage(t, left, "v1")...)
			eventually(t, "both hang", func() bool { return hang.Hits() == 2 })
			for _, k := range []riaktest.Key{held, left} {
				eventually(t, "siblings meanwhile", func() bool { return len(c.Siblings(k)) == test.before })
			}
			if !staying.silent() {
				t.Error("a reply while it hangs")
			}
			if err := leaving.socket.Close(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "end of the connection", func() bool { return c.Connections() == 1 })

			hang.Remove()
			hang.Remove()
			staying.expect("put", "12")
			if got := len(c.Siblings(held)); got != 1 {
				t.Errorf("%d siblings after Remove, want 1", got)
			}
			if got := len(c.Siblings(left)); got != test.before {
				t.Errorf("%d siblings of the client that left, want %d", got, test.before)
			}
		})
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, nil)
	nodes := c.Nodes()
	a, b := newKey("timelines"), newKey("timelines")
	ping, putA, putB, getA := raw(1, nil), putMessage(t, a, "v"), putMessage(t, b, "v"), getMessage(t, a)
	tests := []struct {
		name  string
		match riaktest.Match
		node  int
		send  []byte
		hits  []bool // of that many requests
	}{
		{"any", riaktest.Match{}, 0, ping, []bool{true, true, true}},
		{"kind", riaktest.Match{Kind: riaktest.Put}, 0, putA, []bool{true}},
		{"other kind", riaktest.Match{Kind: riaktest.Put}, 0, getA, []bool{false}},
		{"connections only", riaktest.Match{Kind: riaktest.Connect}, 0, ping, []bool{false}},
		{"key", riaktest.Match{Key: a.Key}, 0, getA, []bool{true}},
		{"other key", riaktest.Match{Key: a.Key}, 0, putB, []bool{false}},
		{"no key", riaktest.Match{Key: a.Key}, 0, ping, []bool{false}},
		{"node", riaktest.Match{Node: nodes[1]}, 1, ping, []bool{true}},
		{"other node", riaktest.Match{Node: nodes[1]}, 0, ping, []bool{false}},
		{"skip", riaktest.Match{Skip: 2}, 0, ping, []bool{false, false, true, true}},
		{"count", riaktest.Match{Count: 2}, 0, ping, []bool{true, true, false, false}},
		{"the second only", riaktest.Match{Kind: riaktest.Ping, Skip: 1, Count: 1}, 0, ping, []bool{false, true, false}},
	}
	for _, test := range tests {
		w := dial(t, c.Addresses()[test.node])
		w.send(ping...)
		w.expect("ping before", "2")
		fault := c.Inject(test.match, riaktest.Fail("hit"))
		hits := 0
		for i, want := range test.hits {
			w.send(test.send...)
			if got := w.receive() == "error hit"; got != want {
				t.Errorf("%s: request %d hit: %v, want %v", test.name, i+1, got, want)
			}
			if want {
				hits++
			}
		}
		if got := fault.Hits(); got != hits {
			t.Errorf("%s: %d hits, want %d", test.name, got, hits)
		}
		fault.Remove()
		w.send(test.send...)
		if got := w.receive(); got == "error hit" {
			t.Errorf("%s: hit after Remove", test.name)
		}
	}
}

// Of faults that match the same request, the first one happens until it is used up.
func TestFaultsInTurn(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, nil)
	c.Inject(riaktest.Match{Count: 1}, riaktest.Fail("first"))
	second := c.Inject(riaktest.Match{}, riaktest.Fail("second"))
	third := c.Inject(riaktest.Match{}, riaktest.Fail("third"))
	w := dial(t, c.Addresses()[0])
	for _, want := range []string{"error first", "error second", "error third", "2"} {
		w.send(raw(1, nil)...)
		w.expect("ping", want)
		switch want {
		case "error second":
			second.Remove()
		case "error third":
			third.Remove()
		}
	}
}

func TestConnectFaults(t *testing.T) {
	t.Parallel()
	c := riaktest.Start(t, nil)
	hang := c.Inject(riaktest.Match{Node: c.Nodes()[0], Kind: riaktest.Connect}, riaktest.Hang())
	w := dial(t, c.Addresses()[0])
	w.send(raw(1, nil)...)
	eventually(t, "accepted", func() bool { return hang.Hits() == 1 && c.Connections() == 1 })
	if !w.silent() || c.Requests(riaktest.Ping) != 0 {
		t.Error("the node read a request")
	}
	hang.Remove()
	w.expect("ping", "2")

	c.Inject(riaktest.Match{Kind: riaktest.Connect}, riaktest.Drop())
	dial(t, c.Addresses()[1]).expect("dropped", "closed")
}
