package riaktest_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/basho/riak-go-client/rpb/riak"

	"github.com/timak-go/timak/timak/riaktest"
	"github.com/timak-go/timak/timak/secret"
)

// certificates returns the TLS configurations of a server named example.com and of
// its clients.
func certificates(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	t.Cleanup(s.Close)
	server = &tls.Config{Certificates: s.TLS.Certificates}
	client = s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	client.ServerName = "example.com"
	return server, client
}

func password(t *testing.T, user, password string) []byte {
	t.Helper()
	return message(t, 253, &riak.RpbAuthReq{User: []byte(user), Password: []byte(password)})
}

func startSecure(t *testing.T) (*riaktest.Cluster, *tls.Config) {
	t.Helper()
	server, client := certificates(t)
	return riaktest.Start(t, &riaktest.Options{Security: &riaktest.Security{
		TLS: server, Users: map[string]secret.Text{"ann": secret.New("right")}, Delay: time.Millisecond,
	}}), client
}

// startTLS asks for TLS and continues over it.
func (w *wire) startTLS(config *tls.Config) {
	w.t.Helper()
	w.send(raw(255, nil)...)
	w.expect("start of TLS", "255")
	w.socket = tls.Client(w.socket, config)
}

func TestSecurity(t *testing.T) {
	t.Parallel()
	c, config := startSecure(t)
	w := dial(t, c.Addresses()[0])
	w.send(raw(1, nil)...)
	w.expect("ping without TLS", "error Security is enabled, please STARTTLS first")
	w.startTLS(config)
	w.send(raw(1, nil)...)
	w.expect("ping without a password", "error Security is enabled, please authenticate first")
	w.send(password(t, "ann", "wrong")...)
	w.expect("wrong password", "error Authentication failed")
	w.send(password(t, "bob", "")...)
	w.expect("no such user", "error Authentication failed")
	w.send(password(t, "ann", "right")...)
	w.expect("right password", "254")
	w.send(raw(1, nil)...)
	w.expect("ping", "2")
}

// TestPasswordsAreLimited: the third wrong password ends the connection.
func TestPasswordsAreLimited(t *testing.T) {
	t.Parallel()
	c, config := startSecure(t)
	w := dial(t, c.Addresses()[0])
	w.startTLS(config)
	for range 3 {
		w.send(password(t, "ann", "wrong")...)
		w.expect("wrong password", "error Authentication failed")
	}
	w.expect("after three", "closed")
}

// TestPasswordDelay: a wrong password is answered with a delay.
func TestPasswordDelay(t *testing.T) {
	t.Parallel()
	const delay = 50 * time.Millisecond
	server, config := certificates(t)
	c := riaktest.Start(t, &riaktest.Options{Security: &riaktest.Security{TLS: server, Delay: delay}})
	w := dial(t, c.Addresses()[0])
	w.startTLS(config)
	start := time.Now()
	w.send(password(t, "ann", "wrong")...)
	w.expect("wrong password", "error Authentication failed")
	if took := time.Since(start); took < delay {
		t.Errorf("took %v, want at least %v", took, delay)
	}
}

// TestSecurityEndsWithTheNode: a connection that never gets as far as a request
// does not keep its node from stopping.
func TestSecurityEndsWithTheNode(t *testing.T) {
	t.Parallel()
	c, config := startSecure(t)
	before, during := dial(t, c.Addresses()[0]), dial(t, c.Addresses()[0])
	during.startTLS(config)
	during.send(raw(1, nil)...) // completes the handshake
	during.expect("ping", "error Security is enabled, please authenticate first")
	c.Close()
	before.expect("before TLS", "closed")
	during.expect("before the password", "closed")
}

func TestSecurityNeedsTLS(t *testing.T) {
	t.Parallel()
	if c, err := riaktest.New(&riaktest.Options{Security: &riaktest.Security{}}); err == nil {
		c.Close()
		t.Error("got no error for security without TLS")
	}
}
