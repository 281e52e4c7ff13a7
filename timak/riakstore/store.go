package riakstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	riak "github.com/basho/riak-go-client"

	"github.com/timak-go/timak/timak/driver"
)

// Store is a driver.Store on a Riak cluster. Any number of goroutines may use
// it, and any number of stores, in any number of processes, the same bucket.
type Store struct {
	opts Options
	ring ring

	calls  sync.WaitGroup // requests under way; none is added once closed is set
	mu     sync.Mutex
	closed bool
}

var _ driver.Store = (*Store)(nil)

// Open returns a store on the cluster whose nodes have these addresses,
// host:port, with options that may be nil. One node that answers is enough to
// start; the others may come later. It returns ErrMisconfigured, with the
// command that mends it, for a bucket type that would lose data, and
// driver.ErrUnavailable if no node answers.
func Open(addresses []string, opts *Options) (*Store, error) {
	return OpenContext(context.Background(), addresses, opts)
}

// OpenContext is Open with a context that bounds the checks at the start.
func OpenContext(ctx context.Context, addresses []string, opts *Options) (*Store, error) {
	withDefaults, err := opts.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("riakstore: open: %w", err)
	}
	if len(addresses) == 0 {
		return nil, errors.New("riakstore: open: no addresses: expected host:port of at least one node")
	}
	quiet()
	s := &Store{opts: withDefaults}
	for _, address := range addresses {
		s.ring.nodes = append(s.ring.nodes, newNode(address, &s.opts))
	}
	if err := s.check(ctx); err != nil {
		return nil, fmt.Errorf("riakstore: open: %w", errors.Join(err, s.Close()))
	}
	return s, nil
}

// Close waits for requests under way and closes all connections.
func (s *Store) Close() error {
	s.mu.Lock()
	already := s.closed
	s.closed = true
	s.mu.Unlock()
	s.calls.Wait()
	if already {
		return nil
	}
	var errs []error
	for _, n := range s.ring.nodes {
		errs = append(errs, n.close())
	}
	return errors.Join(errs...)
}

// begin notes a request, which the caller ends with s.calls.Done.
func (s *Store) begin(ctx context.Context) error {
	if ctx.Err() != nil {
		return ended(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return driver.ErrClosed
	}
	s.calls.Add(1)
	return nil
}

// Get implements driver.Store. A key that Riak does not find is asked for
// again, in a way that finds it while one replica that has it answers: right
// after a node was lost, empty stand-ins may outvote it.
func (s *Store) Get(ctx context.Context, key string) (driver.Object, error) {
	if err := s.begin(ctx); err != nil {
		return driver.Object{}, fmt.Errorf("riakstore: get %q: %w", key, err)
	}
	defer s.calls.Done()
	object, found, err := s.fetch(ctx, key, s.usualRead)
	if err == nil && !found {
		object, _, err = s.fetch(ctx, key, anyReplica)
	}
	if err != nil {
		return driver.Object{}, fmt.Errorf("riakstore: get %q: %w", key, err)
	}
	return object, nil
}

// usualRead asks with the quorum that the options name.
func (s *Store) usualRead(b *riak.FetchValueCommandBuilder) {
	if s.opts.R != 0 {
		b.WithR(uint32(s.opts.R))
	}
	if s.opts.PR != 0 {
		b.WithPr(uint32(s.opts.PR))
	}
}

// anyReplica asks for the first replica that has the key; only when all have
// said that they do not is it absent.
func anyReplica(b *riak.FetchValueCommandBuilder) {
	b.WithR(1).WithNotFoundOk(false).WithBasicQuorum(false)
}

// fetch reads a key; found is false if no replica that was asked has it.
func (s *Store) fetch(ctx context.Context, key string, quorum func(*riak.FetchValueCommandBuilder)) (object driver.Object, found bool, err error) {
	command, _, err := s.ask(ctx, func(timeout time.Duration) (riak.Command, error) {
		b := riak.NewFetchValueCommandBuilder().
			WithBucketType(s.opts.BucketType).WithBucket(s.opts.Bucket).WithKey(key).
			WithReturnDeletedVClock(true).WithTimeout(timeout)
		quorum(b)
		return b.Build()
	}, true)
	if err != nil {
		return driver.Object{}, false, err
	}
	response := command.(*riak.FetchValueCommand).Response
	if response == nil || response.IsNotFound {
		return driver.Object{}, false, nil
	}
	object.Token = tokenOf(response.VClock)
	for _, value := range response.Values {
		if !value.IsTombstone {
			object.Siblings = append(object.Siblings, value.Value)
		}
	}
	return object, true, nil
}

// Put implements driver.Store. It never returns a token: that nobody else has
// written would have to be proved. When a node fails before it has answered,
// the value may be there or not; then Put looks, and puts again only if it is
// not.
func (s *Store) Put(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	if err := s.begin(ctx); err != nil {
		return nil, fmt.Errorf("riakstore: put %q: %w", key, err)
	}
	defer s.calls.Done()
	vclock, err := vclockOf(token)
	if err == nil {
		err = s.put(ctx, key, value, vclock)
	}
	if err != nil {
		return nil, fmt.Errorf("riakstore: put %q: %w", key, err)
	}
	return nil, nil
}

func (s *Store) put(ctx context.Context, key string, value, vclock []byte) error {
	ctx, cancel := context.WithTimeoutCause(ctx, s.opts.RetryTime, errRetryTime)
	defer cancel()
	waits := newWaits()
	for {
		result, err := s.send(ctx, key, value, vclock)
		if result != unknown {
			return err
		}
		there, lookErr := s.holds(ctx, key, value)
		switch {
		case there:
			return nil
		case lookErr != nil:
			return s.giveUp(ctx, errors.Join(err, lookErr))
		case !rest(ctx, waits.NextBackOff()):
			return s.giveUp(ctx, err)
		}
	}
}

// send puts once.
func (s *Store) send(ctx context.Context, key string, value, vclock []byte) (outcome, error) {
	value = bytes.Clone(value) // a request that nobody waits for may still be under way
	_, result, err := s.ask(ctx, func(timeout time.Duration) (riak.Command, error) {
		b := riak.NewStoreValueCommandBuilder().
			WithBucketType(s.opts.BucketType).WithBucket(s.opts.Bucket).WithKey(key).
			WithContent(&riak.Object{ContentType: "application/octet-stream", Value: value}).WithTimeout(timeout)
		if len(vclock) > 0 {
			b.WithVClock(vclock)
		}
		if s.opts.W != 0 {
			b.WithW(uint32(s.opts.W))
		}
		if s.opts.PW != 0 {
			b.WithPw(uint32(s.opts.PW))
		}
		return b.Build()
	}, false)
	return result, err
}

// holds reports whether value is among the siblings of key.
func (s *Store) holds(ctx context.Context, key string, value []byte) (bool, error) {
	object, _, err := s.fetch(ctx, key, s.usualRead)
	for _, sibling := range object.Siblings {
		if bytes.Equal(sibling, value) {
			return true, nil
		}
	}
	return false, err
}
