package riakstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	riak "github.com/basho/riak-go-client"

	"github.com/timak-go/timak/timak/driver"
)

// check verifies that the bucket type has what timelines need. The protocol does
// not report whether a type uses dotted version vectors; a scratch key shows it.
func (s *Store) check(ctx context.Context) error {
	properties, err := s.properties(ctx)
	if err != nil {
		return err
	}
	if err := s.checkProperties(properties); err != nil {
		return err
	}
	s.replicas = int(properties.NVal)
	return s.probe(ctx)
}

func (s *Store) properties(ctx context.Context) (*riak.FetchBucketPropsResponse, error) {
	command, _, err := s.ask(ctx, s.until(), func(time.Duration) (riak.Command, error) {
		return riak.NewFetchBucketTypePropsCommandBuilder().WithBucketType(s.opts.BucketType).Build()
	}, true)
	if fromRiak, ok := errors.AsType[riak.RiakError](err); ok && containsAny(fromRiak.Errmsg, []string{"Invalid bucket type", "no_type"}) {
		return nil, fmt.Errorf("bucket type %q does not exist; create it with\n%s\n%w", s.opts.BucketType, createCommand(s.opts.BucketType), err)
	}
	if err != nil {
		return nil, err
	}
	return command.(*riak.FetchBucketTypePropsCommand).Response, nil
}

// props are the properties that a bucket type needs.
const props = `'{"props":{"allow_mult":true,"last_write_wins":false,"dvv_enabled":true}}'`

// createCommand returns the commands that create a bucket type.
func createCommand(bucketType string) string {
	return fmt.Sprintf("\triak admin bucket-type create %[1]s %[2]s\n\triak admin bucket-type activate %[1]s", bucketType, props)
}

// remedy says how to get a suitable bucket type. Riak changes neither the data type
// of a bucket type nor the type "default".
func (s *Store) remedy(dataType string) string {
	if s.opts.BucketType != "default" && dataType == "" {
		return fmt.Sprintf("fix it with\n\triak admin bucket-type update %s %s", s.opts.BucketType, props)
	}
	another := "timelines"
	if s.opts.BucketType == another {
		another = "timelines2"
	}
	return fmt.Sprintf("create another one and set Options.BucketType to %q:\n%s", another, createCommand(another))
}

func (s *Store) checkProperties(p *riak.FetchBucketPropsResponse) error {
	var wrong string
	switch {
	case p.DataType != "":
		wrong = fmt.Sprintf("has the data type %q", p.DataType)
	case !p.AllowMult:
		wrong = "keeps no siblings, so concurrent writes are lost"
	case p.LastWriteWins:
		wrong = "lets the last write win, so concurrent writes are lost"
	default:
		return nil
	}
	return fmt.Errorf("%w: bucket type %q %s; %s", ErrMisconfigured, s.opts.BucketType, wrong, s.remedy(p.DataType))
}

// probe checks twice before it refuses a cluster: a node that is lost between two
// of its requests may take values with it.
func (s *Store) probe(ctx context.Context) error {
	err := s.probeOnce(ctx)
	if errors.Is(err, errProbe) {
		err = s.probeOnce(ctx)
	}
	return err
}

// errProbe is an ErrMisconfigured that was concluded from stored values.
var errProbe = fmt.Errorf("%w", ErrMisconfigured)

// probeOnce writes three values to a scratch key: the first, one with no token and
// one whose token covers the first. With siblings and dotted version vectors the
// last replaces the first, and two are left.
func (s *Store) probeOnce(ctx context.Context) error {
	key := "timak-probe-" + rand.Text()
	if _, err := s.put(ctx, key, []byte("first"), nil); err != nil {
		return err
	}
	first, err := s.fetchProbe(ctx, key)
	if err != nil {
		return err
	}
	if _, err := s.put(ctx, key, []byte("blind"), nil); err != nil {
		return err
	}
	seen, err := vclockOf(first.Token)
	if err == nil {
		_, err = s.put(ctx, key, []byte("second"), seen)
	}
	if err != nil {
		return err
	}
	both, err := s.fetchProbe(ctx, key)
	if err != nil {
		return err
	}
	s.discard(ctx, key)
	return s.judge(both.Siblings)
}

// fetchProbe reads a scratch key from more than half of its replicas, whatever the
// options say, as one replica may be behind.
func (s *Store) fetchProbe(ctx context.Context, key string) (driver.Object, error) {
	until := s.until()
	object, found, err := s.fetch(ctx, until, key, majority)
	if err == nil && !found {
		object, found, err = s.fetch(ctx, until, key, anyReplica)
	}
	if err == nil && !found {
		err = fmt.Errorf("%w: a value that was just written is not found", driver.ErrUnavailable)
	}
	return object, err
}

func majority(b *riak.FetchValueCommandBuilder) { b.WithR(uint32(Majority)) }

// judge looks at what is left of the scratch key. It does not count: a value that
// was sent twice after a lost answer may be there twice.
func (s *Store) judge(siblings [][]byte) error {
	left := map[string]bool{}
	for _, sibling := range siblings {
		left[string(sibling)] = true
	}
	switch {
	case !left["blind"] || !left["second"]:
		return fmt.Errorf(`%w: bucket %[2]q of bucket type %[3]q drops siblings, so concurrent writes are lost, although its type keeps them.
The bucket has properties of its own that override those of its type: reset them, on any node, with
	curl -X DELETE http://localhost:8098/types/%[3]s/buckets/%[2]s/props
If it has none, its type was created with write_once: create another one and set Options.BucketType`, errProbe, s.opts.Bucket, s.opts.BucketType)
	case left["first"]:
		return fmt.Errorf("%w: bucket type %q has no dotted version vectors, so siblings grow without bound; %s",
			errProbe, s.opts.BucketType, s.remedy(""))
	default:
		return nil
	}
}

// discard deletes the scratch key. A key that stays does no harm.
func (s *Store) discard(ctx context.Context, key string) {
	_, _, err := s.ask(ctx, s.until(), func(timeout time.Duration) (riak.Command, error) {
		return riak.NewDeleteValueCommandBuilder().WithBucketType(s.opts.BucketType).WithBucket(s.opts.Bucket).
			WithKey(key).WithTimeout(timeout).Build()
	}, false)
	if err != nil {
		s.opts.Logger.DebugContext(ctx, "timak: the scratch key of the start-up check was not deleted", "key", key, "error", err)
	}
}
