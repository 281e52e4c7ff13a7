package riaktest

import (
	"context"
	"sync"
	"time"
)

// Kind is a kind of request.
type Kind uint8

// The kinds of request that Match and Requests distinguish.
const (
	Any        Kind = iota // every request; not Connect
	Connect                // a new connection, before anything is read from it; for Delay, Hang and Drop
	Ping                   // ping
	ServerInfo             // the server's name and version
	Get                    // get of a key
	Put                    // put of a key
	Delete                 // delete of a key
	GetProps               // properties of a bucket or a bucket type
	SetProps               // change or reset of such properties
	Other                  // anything that the server does not know
	kinds
)

// Match selects the requests that a fault hits. The zero Match selects every
// request.
type Match struct {
	Node  *Node  // to this node; nil is any
	Kind  Kind   // of this kind
	Key   string // about this key, in any bucket; empty is any
	Skip  int    // lets this many matching requests pass first
	Count int    // and hits this many; 0 is all that follow
}

// Fault is what happens to a request. It is made by one of the functions from Delay
// to EmptyReply.
type Fault struct {
	what  effect
	delay time.Duration
	text  string
}

type effect uint8

const (
	delays effect = iota
	hangs
	drops
	fails
	failsLate
	losesReply
	hangsReply
	cutsReply
	emptiesReply
)

// Delay carries the request out after d, if the client is still there then.
// Delay(0) only counts: see Injection.Hits.
func Delay(d time.Duration) Fault { return Fault{what: delays, delay: d} }

// Hang holds the request until Injection.Remove and then carries it out, if the
// client is still there. For Connect it accepts the connection and reads nothing.
func Hang() Fault { return Fault{what: hangs} }

// Drop closes the connection and does not carry the request out.
func Drop() Fault { return Fault{what: drops} }

// Fail answers with an error and does not carry the request out. Riak's own errors
// are texts like "overload", "timeout" or "{pw_val_unsatisfied,2,1}".
func Fail(text string) Fault { return Fault{what: fails, text: text} }

// FailLate carries the request out, but answers with an error. Riak does so when
// too few replicas have confirmed a put, but some have stored it.
func FailLate(text string) Fault { return Fault{what: failsLate, text: text} }

// LoseReply carries the request out, and closes the connection instead of
// answering.
func LoseReply() Fault { return Fault{what: losesReply} }

// HangReply carries the request out, but answers only after Injection.Remove.
func HangReply() Fault { return Fault{what: hangsReply} }

// CutReply carries the request out, and closes the connection in the middle of the
// answer.
func CutReply() Fault { return Fault{what: cutsReply} }

// EmptyReply carries the request out, and answers with a frame of length 0, which
// no server should send.
func EmptyReply() Fault { return Fault{what: emptiesReply} }

// Injection is a fault in place. Its methods may be called from any number of
// goroutines.
type Injection struct {
	faults  *faults
	match   Match
	fault   Fault
	removed chan struct{}

	seen, hits int // guarded by the faults' lock
}

// faults holds the faults in place, oldest first.
type faults struct {
	mu   sync.Mutex
	list []*Injection
}

// Inject makes the fault happen to requests that match, until it is removed. If
// several faults match a request, the one injected first happens.
func (c *Cluster) Inject(m Match, f Fault) *Injection {
	i := &Injection{faults: &c.faults, match: m, fault: f, removed: make(chan struct{})}
	c.faults.mu.Lock()
	defer c.faults.mu.Unlock()
	c.faults.list = append(c.faults.list, i)
	return i
}

// Hits returns how many requests the fault has hit. A request is counted before
// anything else happens to it.
func (i *Injection) Hits() int {
	i.faults.mu.Lock()
	defer i.faults.mu.Unlock()
	return i.hits
}

// Remove ends the fault and releases the requests that it holds. A second Remove
// does nothing.
func (i *Injection) Remove() {
	i.faults.mu.Lock()
	defer i.faults.mu.Unlock()
	for at, other := range i.faults.list {
		if other == i {
			i.faults.list = append(i.faults.list[:at:at], i.faults.list[at+1:]...)
			close(i.removed)
			return
		}
	}
}

// match returns the fault that hits a request, or nil.
func (f *faults) match(n *Node, kind Kind, k Key) *Injection {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, i := range f.list {
		if i.match.fits(n, kind, k) && i.take() {
			return i
		}
	}
	return nil
}

func (m Match) fits(n *Node, kind Kind, k Key) bool {
	right := m.Kind == kind || m.Kind == Any && kind != Connect
	return right && (m.Node == nil || m.Node == n) && (m.Key == "" || m.Key == k.Key)
}

// take counts a matching request and reports whether it is hit.
func (i *Injection) take() bool {
	i.seen++
	if i.seen <= i.match.Skip || i.match.Count > 0 && i.hits >= i.match.Count {
		return false
	}
	i.hits++
	return true
}

// before applies the part of a fault that happens before a request is carried out.
// It returns false if the connection must end.
func (i *Injection) before(ctx context.Context) bool {
	switch {
	case i == nil:
		return true
	case i.fault.what == drops:
		return false
	case i.fault.what == hangs:
		return i.hold(ctx)
	case i.fault.what == delays && i.fault.delay > 0:
		return sleep(ctx, i.fault.delay)
	default:
		return true
	}
}

// refuses returns the error to answer with instead of carrying a request out.
func (i *Injection) refuses() (string, bool) {
	if i == nil || i.fault.what != fails {
		return "", false
	}
	return i.fault.text, true
}

// after answers, or does what a fault does instead. It returns false if the
// connection must end.
func (i *Injection) after(cn *conn, answer []byte) bool {
	what := delays
	if i != nil {
		what = i.fault.what
	}
	switch what {
	case failsLate:
		answer = errorFrame(i.fault.text).encode()
	case losesReply:
		return false
	case hangsReply:
		if !i.hold(cn.ctx) {
			return false
		}
	case cutsReply:
		const head = 4
		cn.send(answer[:head+(len(answer)-head)/2])
		return false
	case emptiesReply:
		answer = make([]byte, 4)
	default:
	}
	cn.answer(answer)
	return true
}

// hold waits until the fault is removed. It returns false if the connection ends
// first.
func (i *Injection) hold(ctx context.Context) bool {
	select {
	case <-i.removed:
		return true
	case <-ctx.Done():
		return false
	}
}

// sleep returns false if the context ends before the time is over.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
