package riakstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	riak "github.com/basho/riak-go-client"
)

// check finds out whether the bucket type keeps what timelines need. That a
// type has dotted version vectors is not among the properties that the protocol
// tells; a scratch key shows it.
func (s *Store) check(ctx context.Context) error {
	properties, err := s.properties(ctx)
	if err != nil {
		return err
	}
	if err := s.checkProperties(properties); err != nil {
		return err
	}
	return s.probe(ctx)
}

func (s *Store) properties(ctx context.Context) (*riak.FetchBucketPropsResponse, error) {
	command, _, err := s.ask(ctx, func(time.Duration) (riak.Command, error) {
		return riak.NewFetchBucketTypePropsCommandBuilder().WithBucketType(s.opts.BucketType).Build()
	}, true)
	if errors.Is(err, ErrMisconfigured) {
		return nil, fmt.Errorf("bucket type %q is not there; make it with\n%s\n%w", s.opts.BucketType, s.createCommand(), err)
	}
	if err != nil {
		return nil, err
	}
	return command.(*riak.FetchBucketTypePropsCommand).Response, nil
}

// createCommand is how the bucket type is made.
func (s *Store) createCommand() string {
	return fmt.Sprintf("\triak admin bucket-type create %[1]s '{\"props\":{\"allow_mult\":true,\"last_write_wins\":false,\"dvv_enabled\":true}}'\n\triak admin bucket-type activate %[1]s", s.opts.BucketType)
}

func (s *Store) updateCommand(property string) string {
	return fmt.Sprintf("\triak admin bucket-type update %s '{\"props\":{%s}}'", s.opts.BucketType, property)
}

func (s *Store) checkProperties(p *riak.FetchBucketPropsResponse) error {
	switch {
	case p.DataType != "":
		return fmt.Errorf("%w: bucket type %q has the data type %q; make one without:\n%s", ErrMisconfigured, s.opts.BucketType, p.DataType, s.createCommand())
	case !p.AllowMult:
		return fmt.Errorf("%w: bucket type %q keeps no siblings, so that concurrent writes are lost; mend it with\n%s",
			ErrMisconfigured, s.opts.BucketType, s.updateCommand(`"allow_mult":true`))
	case p.LastWriteWins:
		return fmt.Errorf("%w: bucket type %q lets the last write win, so that concurrent writes are lost; mend it with\n%s",
			ErrMisconfigured, s.opts.BucketType, s.updateCommand(`"last_write_wins":false`))
	default:
		return nil
	}
}

// probe writes a scratch key: a value, one that has seen nothing and one that
// has seen the first. With dotted version vectors the last replaces the first,
// and two are left; without, all three.
func (s *Store) probe(ctx context.Context) error {
	key := "timak-probe-" + rand.Text()
	if err := s.put(ctx, key, []byte("first"), nil); err != nil {
		return err
	}
	first, found, err := s.fetch(ctx, key, anyReplica)
	if err != nil || !found {
		return errors.Join(err, notFound(found))
	}
	if err := s.put(ctx, key, []byte("blind"), nil); err != nil {
		return err
	}
	if _, err := s.Put(ctx, key, []byte("second"), first.Token); err != nil {
		return err
	}
	both, _, err := s.fetch(ctx, key, s.usualRead)
	if err != nil {
		return err
	}
	s.discard(ctx, key)
	if len(both.Siblings) > 2 {
		return fmt.Errorf("%w: bucket type %q has no dotted version vectors, so that siblings grow without bound; mend it with\n%s",
			ErrMisconfigured, s.opts.BucketType, s.updateCommand(`"dvv_enabled":true`))
	}
	return nil
}

func notFound(found bool) error {
	if found {
		return nil
	}
	return errors.New("a value that was just written is not found")
}

// discard removes the scratch key; one that stays does no harm.
func (s *Store) discard(ctx context.Context, key string) {
	_, _, err := s.ask(ctx, func(timeout time.Duration) (riak.Command, error) {
		return riak.NewDeleteValueCommandBuilder().WithBucketType(s.opts.BucketType).WithBucket(s.opts.Bucket).
			WithKey(key).WithTimeout(timeout).Build()
	}, false)
	if err != nil {
		s.opts.Logger.DebugContext(ctx, "timak: the scratch key of the start-up check stays", "key", key, "error", err)
	}
}
