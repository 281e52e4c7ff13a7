package riaktest

import (
	"crypto/tls"
	"time"

	"github.com/basho/riak-go-client/rpb/riak"
	"google.golang.org/protobuf/proto"

	"github.com/timak-go/timak/timak/secret"
)

// Security is what a cluster with security on requires of its clients before it
// accepts a request: TLS, then the password of a user. Every user may do
// everything.
type Security struct {
	// TLS holds the nodes' certificate.
	TLS *tls.Config

	// Users are the passwords, by user.
	Users map[string]secret.Text

	// Delay is how long a node waits before it refuses a password. Defaults to 5
	// seconds, as in Riak.
	Delay time.Duration
}

const (
	defaultDelay = 5 * time.Second
	passwords    = 3 // the number of attempts on one connection
)

// secure starts TLS and checks the password, if the cluster has security on. It
// returns false if the connection must end.
func (cn *conn) secure() bool {
	security := cn.node.cluster.options.Security
	return security == nil || cn.startTLS(security) && cn.authenticate(security)
}

// startTLS refuses everything until the client starts TLS.
func (cn *conn) startTLS(s *Security) bool {
	for {
		f, ok := cn.next()
		if !ok {
			return false
		}
		if f.code == codeStartTLS {
			break
		}
		cn.send(errorFrame("Security is enabled, please STARTTLS first").encode())
	}
	cn.send(frame{code: codeStartTLS}.encode())
	secured := tls.Server(cn.socket, s.TLS)
	cn.stream = secured
	return secured.HandshakeContext(cn.ctx) == nil
}

// authenticate refuses everything until the client sends a user's password.
func (cn *conn) authenticate(s *Security) bool {
	for tries := 0; tries < passwords; {
		f, ok := cn.next()
		switch {
		case !ok:
			return false
		case f.code != codeAuth:
			cn.send(errorFrame("Security is enabled, please authenticate first").encode())
		case s.knows(f.body):
			cn.send(frame{code: codeAuthenticated}.encode())
			return true
		case !sleep(cn.ctx, orDefault(s.Delay, defaultDelay)):
			return false
		default:
			tries++
			cn.send(errorFrame("Authentication failed").encode())
		}
	}
	return false
}

// knows reports whether a message names a user and the user's password.
func (s *Security) knows(body []byte) bool {
	var m riak.RpbAuthReq
	if proto.Unmarshal(body, v2(&m)) != nil {
		return false
	}
	password, known := s.Users[string(m.User)]
	return known && password.Reveal() == string(m.Password)
}

// next reads a message during the handshake. It returns false if the connection
// ends.
func (cn *conn) next() (frame, bool) {
	f, err := readFrame(cn.stream, cn.node.cluster.options.MaxFrame)
	if err != nil {
		return frame{}, false
	}
	cn.node.countRequest(Other)
	return f, true
}
