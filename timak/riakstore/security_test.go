package riakstore_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timak/riakstore"
	"github.com/timak-go/timak/timak/riaktest"
	"github.com/timak-go/timak/timak/secret"
)

const (
	rightPassword = "correct-horse"
	wrongPassword = "battery-staple"
)

// certificates returns the TLS configurations of a server named example.com and of
// its clients.
func certificates(t testing.TB) (server, client *tls.Config) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	t.Cleanup(s.Close)
	server = &tls.Config{Certificates: s.TLS.Certificates, MaxVersion: tls.VersionTLS12} // Riak's default
	client = s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	client.ServerName = "example.com"
	return server, client
}

// startSecure starts a cluster that knows the user ann, and returns options with
// her credentials. The cluster refuses a password only after quick's time limits.
func startSecure(t testing.TB, nodes int) (*riaktest.Cluster, *riakstore.Options) {
	t.Helper()
	server, client := certificates(t)
	cluster := riaktest.Start(t, &riaktest.Options{Nodes: nodes, Security: &riaktest.Security{
		TLS: server, Users: map[string]secret.Text{"ann": secret.New(rightPassword)}, Delay: time.Second,
	}})
	opts := quick()
	opts.User, opts.Password, opts.TLS = "ann", secret.New(rightPassword), client
	return cluster, opts
}

// TestSecurity: the whole contract holds over TLS.
func TestSecurity(t *testing.T) {
	t.Parallel()
	cluster, opts := startSecure(t, 3)
	opts.RequestTimeout = 2 * time.Second
	drivertest.Run(t, func(t *testing.T) driver.Store { return open(t, cluster.Addresses(), opts) })
}

// TestSecureNodeLost: later connections are authenticated too.
func TestSecureNodeLost(t *testing.T) {
	t.Parallel()
	cluster, opts := startSecure(t, 3)
	store := open(t, cluster.Addresses(), opts)
	for _, node := range cluster.Nodes() {
		node.Stop()
		put(t, store, node.Address(), "v")
		if err := node.Start(); err != nil {
			t.Fatal(err)
		}
		together(20, func(int) { want(t, store, node.Address(), "v") })
	}
}

// TestWrongPassword: it is reported as such, although Riak takes longer to refuse
// it than a request may take; the error names the user but not the password (H19).
func TestWrongPassword(t *testing.T) {
	t.Parallel()
	cluster, opts := startSecure(t, 3)
	log := newLog()
	opts.Password, opts.Logger = secret.New(wrongPassword), log.logger()
	within(t, 5*time.Second, func() {
		_, err := riakstore.Open(cluster.Addresses(), opts)
		if !errors.Is(err, riakstore.ErrMisconfigured) || !strings.Contains(err.Error(), `user "ann"`) || !strings.Contains(err.Error(), "Authentication failed") {
			t.Errorf("got %v, want ErrMisconfigured that names the user", err)
		}
		if strings.Contains(err.Error()+log.text(), wrongPassword) {
			t.Errorf("the password is told: %v\n%s", err, log.text())
		}
	})
}

// TestPasswordIsNotTold: a store that loses its nodes does not show the password.
func TestPasswordIsNotTold(t *testing.T) {
	t.Parallel()
	cluster, opts := startSecure(t, 3)
	log := newLog()
	opts.Logger, opts.RetryTime = log.logger(), 300*time.Millisecond
	store := open(t, cluster.Addresses(), opts)
	for _, node := range cluster.Nodes() {
		node.Stop()
	}
	_, err := store.Get(t.Context(), "k")
	if !errors.Is(err, driver.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	if told := err.Error() + log.text(); !strings.Contains(log.text(), "WARN") || strings.Contains(told, rightPassword) {
		t.Errorf("got %q, want warnings without the password", told)
	}
}

// TestStrangers: a server with another identity does not get the password, and a
// client without one is not let in.
func TestStrangers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*riakstore.Options)
		text   string
	}{
		"another server's name":  {func(o *riakstore.Options) { o.TLS.ServerName = "riak.invalid" }, "riak.invalid"},
		"unknown authority":      {func(o *riakstore.Options) { o.TLS = &tls.Config{ServerName: "example.com"} }, "unknown authority"},
		"a version Riak has not": {func(o *riakstore.Options) { o.TLS.MinVersion = tls.VersionTLS13 }, "protocol version"},
		"no version at all":      {func(o *riakstore.Options) { o.TLS.MaxVersion = tls.VersionTLS11 }, "TLS"},
		"no such user":           {func(o *riakstore.Options) { o.User = "bob" }, `user "bob"`},
		"no TLS and no password": {func(o *riakstore.Options) { o.TLS, o.User, o.Password = nil, "", secret.Text{} }, "please STARTTLS first"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster, opts := startSecure(t, 3)
			test.change(opts)
			within(t, 5*time.Second, func() {
				_, err := riakstore.Open(cluster.Addresses(), opts)
				if !errors.Is(err, riakstore.ErrMisconfigured) || !strings.Contains(err.Error(), test.text) {
					t.Errorf("got %v, want ErrMisconfigured with %q", err, test.text)
				}
				if err != nil && strings.Contains(err.Error(), "bucket type") {
					t.Errorf("got %v, which is not about the bucket type", err)
				}
			})
		})
	}
}

// TestSecurityIsOff: a cluster without TLS is not given a password.
func TestSecurityIsOff(t *testing.T) {
	t.Parallel()
	_, opts := startSecure(t, 1)
	cluster := riaktest.Start(t, nil)
	_, err := riakstore.Open(cluster.Addresses(), opts)
	if !errors.Is(err, riakstore.ErrMisconfigured) || !strings.Contains(err.Error(), "Security not enabled") {
		t.Errorf("got %v, want ErrMisconfigured that says why", err)
	}
}

// TestOneSecureNodeAnswers: one node is enough to start, whatever the others do.
func TestOneSecureNodeAnswers(t *testing.T) {
	t.Parallel()
	cluster, opts := startSecure(t, 3)
	cluster.Nodes()[0].Stop()
	cluster.Inject(riaktest.Match{Kind: riaktest.Connect, Node: cluster.Nodes()[1]}, riaktest.Hang())
	within(t, 4*time.Second, func() {
		put(t, open(t, cluster.Addresses(), opts), "k", "v")
	})
}

// TestNoSecureNodeAnswers: no answer is not taken for a refusal.
func TestNoSecureNodeAnswers(t *testing.T) {
	t.Parallel()
	cluster, opts := startSecure(t, 1)
	cluster.Nodes()[0].Stop()
	opts.RetryTime = 200 * time.Millisecond
	within(t, 4*time.Second, func() {
		_, err := riakstore.Open(cluster.Addresses(), opts)
		if !errors.Is(err, driver.ErrUnavailable) || errors.Is(err, riakstore.ErrMisconfigured) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
	})
}

// TestConnectionThatFailsAtFirst: a node accepts connections, but TLS fails. The
// client would spin as long as that lasts, and block all callers (H1).
func TestConnectionThatFailsAtFirst(t *testing.T) {
	t.Parallel()
	cluster, opts := startSecure(t, 1)
	opts.RetryTime = 500 * time.Millisecond
	lost := cluster.Inject(riaktest.Match{Kind: riaktest.Connect}, riaktest.Drop())
	within(t, 3*time.Second, func() {
		if _, err := riakstore.Open(cluster.Addresses(), opts); !errors.Is(err, driver.ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
	})
	lost.Remove()
	within(t, 3*time.Second, func() { put(t, open(t, cluster.Addresses(), opts), "k", "v") })
	if lost.Hits() == 0 {
		t.Error("no connection was lost")
	}
}

// TestCancelledHandshake: a caller who leaves while a node hangs in the middle of
// TLS does not get ErrMisconfigured.
func TestCancelledHandshake(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close() //nolint:errcheck // nothing is in progress
	agreed := make(chan struct{})
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		startTLS := make([]byte, 5)
		_, _ = io.ReadFull(conn, startTLS)
		_, _ = conn.Write(startTLS) // the answer is the same
		close(agreed)
		_, _ = io.Copy(io.Discard, conn)
	}()
	_, opts := startSecure(t, 1)
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-agreed
		time.Sleep(soon)
		cancel(errCause)
	}()
	_, err = riakstore.OpenContext(ctx, []string{listener.Addr().String()}, opts)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, errCause) || errors.Is(err, riakstore.ErrMisconfigured) {
		t.Errorf("got %v, want the context's error", err)
	}
}

// TestSecurityOptions: unsafe options are refused before anything is sent.
func TestSecurityOptions(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]*riakstore.Options{
		"ServerName": {TLS: &tls.Config{}, User: "ann"},
		"TLS":        {User: "ann", Password: secret.New(rightPassword)},
	} {
		_, err := riakstore.Open([]string{"192.0.2.1:8087"}, opts)
		if err == nil || !strings.Contains(err.Error(), name) || errors.Is(err, driver.ErrUnavailable) {
			t.Errorf("without %s: got %v, want an error that names it", name, err)
		}
	}
}
