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
// bucket type's n_val, or one of the constants below. The zero Quorum leaves the
// choice to the bucket type.
type Quorum uint32

// Riak's symbolic quorums.
const (
	One      Quorum = 4294967294 // one replica
	Majority Quorum = 4294967293 // more than half of the replicas
	All      Quorum = 4294967292 // every replica
)

// of returns how many of n replicas a quorum means; 0 for the zero Quorum.
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

	// R and W are how many replicas must answer a read and confirm a write. PR and
	// PW are how many of them must be primaries, not stand-ins for lost nodes.
	// Default to the bucket type's values: more than half for R and W, none for PR
	// and PW.
	R, W, PR, PW Quorum

	// Connections is the largest number of concurrent requests to one node; further
	// requests wait. Defaults to 64.
	Connections int

	// ConnectTimeout is the longest wait for a connection. Defaults to one second.
	ConnectTimeout time.Duration

	// RequestTimeout is the longest wait for an answer from one node, after which
	// another node is asked. It also bounds the wait for a free connection before
	// that. Defaults to two seconds.
	RequestTimeout time.Duration

	// RetryTime is how long a request is retried, at other nodes first, unless its
	// context ends earlier. Defaults to ten seconds.
	RetryTime time.Duration

	// User, Password and TLS are for a cluster with security on. TLS must either
	// name the server or skip its verification. Default to none.
	User     string
	Password secret.Text
	TLS      *tls.Config

	// Logger gets what needs human attention: nodes that are lost, and nodes that
	// are back. Defaults to slog.Default().
	Logger *slog.Logger
}

// withDefaults returns the options with zero fields filled in, or an error that
// names the option that is out of range.
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
	out.TLS = out.TLS.Clone() // nil stays nil
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
