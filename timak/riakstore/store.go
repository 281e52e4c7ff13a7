package riakstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	riak "github.com/basho/riak-go-client"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/gate"
)

// Store is a driver.Store on a Riak cluster. Any number of goroutines may use it,
// and any number of stores, in any number of processes, may share a bucket.
type Store struct {
	opts     Options
	ring     ring
	replicas int // of each key, by the bucket type; set by Open

	gate    gate.Gate
	resent  atomic.Int64    // puts that were sent again because an answer was lost
	life    context.Context // ends when Close begins
	end     context.CancelFunc
	closing sync.Once
}

var _ driver.Store = (*Store)(nil)

// Open returns a store on the cluster whose nodes have these addresses, host:port;
// opts may be nil. One node that answers is enough to start; the others may come
// later. Open returns ErrMisconfigured, with the command that fixes it, for a
// bucket type that would lose data, and driver.ErrUnavailable if no node answers.
func Open(addresses []string, opts *Options) (*Store, error) {
	return OpenContext(context.Background(), addresses, opts)
}

// OpenContext is Open with a context that bounds the start-up checks.
func OpenContext(ctx context.Context, addresses []string, opts *Options) (*Store, error) {
	withDefaults, err := opts.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("riakstore: open: %w", err)
	}
	if err := checkAddresses(addresses); err != nil {
		return nil, fmt.Errorf("riakstore: open: %w", err)
	}
	quiet()
	s := &Store{opts: withDefaults}
	s.life, s.end = context.WithCancel(context.Background())
	for _, address := range addresses {
		s.ring.nodes = append(s.ring.nodes, newNode(address, &s.opts))
	}
	if err := s.start(ctx); err != nil {
		if ctx.Err() != nil {
			go s.Close() //nolint:errcheck // the caller does not wait for requests that hang
			return nil, fmt.Errorf("riakstore: open: %w", err)
		}
		return nil, fmt.Errorf("riakstore: open: %w", errors.Join(err, s.Close()))
	}
	return s, nil
}

// checkAddresses finds mistakes that would otherwise look like nodes that are down.
func checkAddresses(addresses []string) error {
	if len(addresses) == 0 {
		return errors.New("no addresses: expected host:port of at least one node")
	}
	for _, address := range addresses {
		if host, port, err := net.SplitHostPort(address); err != nil || host == "" || port == "" {
			return fmt.Errorf("address %q: expected host:port", address)
		}
	}
	return nil
}

// start checks that the cluster accepts the user and keeps timelines.
func (s *Store) start(ctx context.Context) error {
	if err := s.admitted(ctx); err != nil {
		return err
	}
	return s.check(ctx)
}

// Close waits for the requests in progress, which takes at most twice
// Options.RequestTimeout, and closes all connections. Calls that are not answered
// by then are not retried: they return driver.ErrClosed. The error names the nodes
// to which connections remain.
func (s *Store) Close() error {
	empty := s.gate.Close()
	s.end()
	errs := make([]error, len(s.ring.nodes))
	s.closing.Do(func() {
		<-empty
		var nodes sync.WaitGroup
		for i, n := range s.ring.nodes {
			nodes.Go(func() { errs[i] = n.close() })
		}
		nodes.Wait()
	})
	return errors.Join(errs...)
}

// begin lets a request in, which the caller ends with s.gate.Leave.
func (s *Store) begin(ctx context.Context) error {
	if ctx.Err() != nil {
		return ended(ctx)
	}
	if !s.gate.Enter() {
		return driver.ErrClosed
	}
	return nil
}

// Get implements driver.Store. If Riak does not find a key, Get asks again in a way
// that finds it as long as one replica that has it answers: right after a node was
// lost, empty stand-ins may outvote that replica. It also asks again about a
// deleted key, as the replicas that were asked may have missed that it is back.
func (s *Store) Get(ctx context.Context, key string) (driver.Object, error) {
	if err := s.begin(ctx); err != nil {
		return driver.Object{}, fmt.Errorf("riakstore: get %q: %w", key, err)
	}
	defer s.gate.Leave()
	object, err := s.get(ctx, key)
	if err != nil {
		return driver.Object{}, fmt.Errorf("riakstore: get %q: %w", key, err)
	}
	return object, nil
}

func (s *Store) get(ctx context.Context, key string) (driver.Object, error) {
	until := s.until() // for all reads
	object, found, err := s.fetch(ctx, until, key, s.usualRead)
	if err == nil && !found {
		object, found, err = s.fetch(ctx, until, key, anyReplica)
	}
	if err == nil && found && len(object.Siblings) == 0 {
		return s.getDeleted(ctx, until, key, object)
	}
	return object, err
}

// getDeleted asks all replicas whether a key is still deleted. If one of them
// cannot answer, the first answer stands.
func (s *Store) getDeleted(ctx context.Context, until time.Time, key string, deleted driver.Object) (driver.Object, error) {
	once, cancel := context.WithTimeoutCause(ctx, s.opts.RequestTimeout, errRequestTime)
	defer cancel()
	object, found, err := s.fetch(once, until, key, allReplicas)
	switch {
	case err == nil && found:
		return object, nil
	case err != nil && (s.over(ctx, until) || errors.Is(err, driver.ErrClosed)):
		return driver.Object{}, err
	default:
		return deleted, nil
	}
}

// usualRead uses the quorum from the options.
func (s *Store) usualRead(b *riak.FetchValueCommandBuilder) {
	if s.opts.R != 0 {
		b.WithR(uint32(s.opts.R))
	}
	if s.opts.PR != 0 {
		b.WithPr(uint32(s.opts.PR))
	}
}

// anyReplica takes the first replica that has the key. The key is absent only when
// all replicas have said that they do not have it.
func anyReplica(b *riak.FetchValueCommandBuilder) {
	b.WithR(1).WithNotFoundOk(false).WithBasicQuorum(false)
}

// allReplicas asks every replica.
func allReplicas(b *riak.FetchValueCommandBuilder) {
	b.WithR(uint32(All)).WithNotFoundOk(true)
}

// fetch reads a key; found is false if no replica that was asked has it.
func (s *Store) fetch(ctx context.Context, until time.Time, key string, quorum func(*riak.FetchValueCommandBuilder)) (object driver.Object, found bool, err error) {
	response, err := s.read(ctx, until, key, quorum)
	if response == nil {
		return driver.Object{}, false, err
	}
	object.Token = tokenOf(response.VClock)
	for _, value := range response.Values {
		if !value.IsTombstone {
			object.Siblings = append(object.Siblings, value.Value)
		}
	}
	return object, true, nil
}

// read returns Riak's answer about a key; nil if it is not found, or on an error.
func (s *Store) read(ctx context.Context, until time.Time, key string, quorum func(*riak.FetchValueCommandBuilder)) (*riak.FetchValueResponse, error) {
	command, _, err := s.ask(ctx, until, func(timeout time.Duration) (riak.Command, error) {
		b := riak.NewFetchValueCommandBuilder().
			WithBucketType(s.opts.BucketType).WithBucket(s.opts.Bucket).WithKey(key).
			WithReturnDeletedVClock(true).WithTimeout(timeout)
		quorum(b)
		return b.Build()
	}, true)
	if err != nil {
		return nil, err
	}
	response := command.(*riak.FetchValueCommand).Response
	if response == nil || response.IsNotFound {
		return nil, nil
	}
	return response, nil
}

// Put implements driver.Store. When a node fails before it has answered, the value
// may or may not be stored; Put then looks for it, and puts it again only if it is
// not there. When Riak itself could not say that enough replicas have the value,
// finding it is not success: Put returns driver.ErrUnavailable.
//
// It returns a token if the replicas that confirmed the value hold no other
// sibling.
func (s *Store) Put(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	if err := s.begin(ctx); err != nil {
		return nil, fmt.Errorf("riakstore: put %q: %w", key, err)
	}
	defer s.gate.Leave()
	vclock, err := vclockOf(token)
	if err == nil {
		token, err = s.put(ctx, key, value, vclock)
	}
	if err != nil {
		return nil, fmt.Errorf("riakstore: put %q: %w", key, err)
	}
	return token, nil
}

func (s *Store) put(ctx context.Context, key string, value, vclock []byte) (driver.Token, error) {
	var waits waits
	until := s.until()
	w := write{key: key, value: value, vclock: vclock, name: rand.Text()}
	for {
		command, result, err := s.ask(ctx, until, func(timeout time.Duration) (riak.Command, error) { return s.store(w, timeout) }, false)
		if result == answered {
			return w.proof(command), nil
		}
		if result != unknown && result != unsure {
			return nil, err
		}
		there, lookErr := s.look(ctx, until, w)
		switch {
		case there && result == unsure:
			return nil, err
		case there:
			return nil, nil
		case lookErr != nil:
			return nil, s.giveUp(ctx, until, errors.Join(err, lastError(lookErr)))
		case !s.rest(ctx, until, waits.next()):
			return nil, s.giveUp(ctx, until, err)
		}
		s.resent.Add(1)
	}
}

// proof returns the token from the answer to a write if the answer names this write
// as the only sibling; otherwise nil.
func (w write) proof(command riak.Command) driver.Token {
	response := command.(*riak.StoreValueCommand).Response
	if response == nil || len(response.Values) != 1 || !w.made(response.Values[0]) {
		return nil
	}
	return tokenOf(response.VClock)
}

// A write is one Put. Its slices are the store's own: a request whose caller has
// left may still be in progress.
type write struct {
	key           string
	value, vclock []byte
	name          string // distinguishes writes of the same value
}

// nameKey is the metadata key under which a stored value keeps the name of its
// write.
const nameKey = "timak-write"

// store makes the command that puts a write.
func (s *Store) store(w write, timeout time.Duration) (riak.Command, error) {
	b := riak.NewStoreValueCommandBuilder().
		WithBucketType(s.opts.BucketType).WithBucket(s.opts.Bucket).WithKey(w.key).
		WithContent(&riak.Object{
			ContentType: "application/octet-stream",
			UserMeta:    []*riak.Pair{{Key: nameKey, Value: w.name}},
			Value:       w.value,
		}).WithReturnHead(true).WithTimeout(timeout)
	if len(w.vclock) > 0 {
		b.WithVClock(w.vclock)
	}
	if s.opts.W != 0 {
		b.WithW(uint32(s.opts.W))
	}
	if s.opts.PW != 0 {
		b.WithPw(uint32(s.opts.PW))
	}
	return b.Build()
}

// look reports whether a write arrived, as far as a read can show that it has as
// many replicas as it needs. A key that is not found is looked for at any replica
// that may have it; otherwise empty stand-ins would cause the write to be sent
// twice. That read also repairs the other replicas, so the next look finds it.
func (s *Store) look(ctx context.Context, until time.Time, w write) (bool, error) {
	for waits := new(waits); ; {
		found, there, err := s.holds(ctx, until, w, s.lookQuorum)
		if found || err != nil {
			return there, err
		}
		_, there, err = s.holds(ctx, until, w, anyReplica)
		if !there || err != nil {
			return false, err
		}
		if s.opts.W != 0 && s.opts.W.of(s.replicas) == 1 {
			return true, nil
		}
		if !s.rest(ctx, until, waits.next()) {
			return false, s.giveUp(ctx, until, fmt.Errorf("%w: the write is on too few replicas", driver.ErrUnavailable))
		}
	}
}

// holds reports whether a key is found, and whether the write is among its
// siblings.
func (s *Store) holds(ctx context.Context, until time.Time, w write, quorum func(*riak.FetchValueCommandBuilder)) (found, there bool, err error) {
	response, err := s.read(ctx, until, w.key, quorum)
	if response == nil {
		return false, false, err
	}
	return true, slices.ContainsFunc(response.Values, w.made), nil
}

// lookQuorum asks more than half of the replicas, or more if the options require
// that for reads or writes.
func (s *Store) lookQuorum(b *riak.FetchValueCommandBuilder) {
	r := Majority
	for _, q := range []Quorum{s.opts.R, s.opts.W} {
		if q.of(s.replicas) > r.of(s.replicas) {
			r = q
		}
	}
	b.WithR(uint32(r))
	if s.opts.PR != 0 {
		b.WithPr(uint32(s.opts.PR))
	}
}

// made reports whether a sibling comes from this write.
func (w write) made(sibling *riak.Object) bool {
	return slices.ContainsFunc(sibling.UserMeta, func(p *riak.Pair) bool { return p.Key == nameKey && p.Value == w.name })
}
