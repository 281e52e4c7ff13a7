package riakstore

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/timak-go/timak/timak/secret"
)

// Quorum is how many replicas must take part in a request: a number up to the
// bucket type's n_val, or one of the words below. The zero Quorum leaves it to
// the bucket type.
type Quorum uint32

// The words that Riak knows in place of numbers.
const (
	One      Quorum = 4294967294 // one replica
	Majority Quorum = 4294967293 // more than half of the replicas
	All      Quorum = 4294967292 // every replica
)

// of returns how many of n replicas a quorum means; none if it is zero.
func (q Quorum) of(n int) int {
	switch q {
	case One:
		return 1
	case Majority:
		return n/2 + 1
	case All:
		return n
	default:
		return int(q)
	}
}

// Options tune a Store. The zero Options, and nil, mean the defaults.
type Options struct {
	// BucketType must allow siblings and use dotted version vectors; Open checks
	// that. Defaults to "timelines".
	BucketType string

	// Bucket is where the keys are. Defaults to "timelines".
	Bucket string

	// R and W are how many replicas answer a read and confirm a write, PR and PW
	// how many of them must be primaries, not stand-ins of lost nodes. Default to
	// what the bucket type says: more than half for R and W, none for PR and PW.
	R, W, PR, PW Quorum

	// Connections is the largest number of requests under way to one node; more
	// wait for their turn. Defaults to 64.
	Connections int

	// ConnectTimeout is the longest wait for a connection. Defaults to one second.
	ConnectTimeout time.Duration

	// RequestTimeout is the longest wait for one answer of one node, after which
	// another node is asked; and before that, for its turn among Connections.
	// Defaults to two seconds.
	RequestTimeout time.Duration

	// RetryTime is for how long a request is tried again, at other nodes first,
	// if its context does not end before that. Defaults to ten seconds.
	RetryTime time.Duration

	// User, Password and TLS are for a cluster with security on. TLS must name
	// the server, or say that it is not to be verified. Default to none.
	User     string
	Password secret.Text
	TLS      *tls.Config

	// Logger gets what needs a person's eye: nodes that are lost, and those that
	// are back. Defaults to slog.Default().
	Logger *slog.Logger
}

// withDefaults returns the options with zero fields filled in, or an error that
// says which one cannot be.
func (o *Options) withDefaults() (Options, error) {
	var out Options
	if o != nil {
		out = *o
	}
	if out.Connections < 0 || out.Connections > 4096 || out.ConnectTimeout < 0 || out.RequestTimeout < 0 || out.RetryTime < 0 {
		return out, fmt.Errorf("options out of range: Connections %d (0 to 4096), ConnectTimeout %v, RequestTimeout %v, RetryTime %v",
			out.Connections, out.ConnectTimeout, out.RequestTimeout, out.RetryTime)
	}
	if out.TLS != nil && out.TLS.ServerName == "" && !out.TLS.InsecureSkipVerify {
		return out, errors.New("Options.TLS: expected ServerName, or InsecureSkipVerify")
	}
	if out.TLS == nil && (out.User != "" || out.Password.Reveal() != "") {
		return out, errors.New("Options.User without Options.TLS: Riak takes a password only over TLS")
	}
	out.TLS = out.TLS.Clone() // nil if it is
	setDefault(&out.BucketType, "timelines")
	setDefault(&out.Bucket, "timelines")
	setDefault(&out.Connections, 64)
	setDefault(&out.ConnectTimeout, time.Second)
	setDefault(&out.RequestTimeout, 2*time.Second)
	setDefault(&out.RetryTime, 10*time.Second)
	if out.Logger == nil {
		out.Logger = slog.Default()
	}
	return out, nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
