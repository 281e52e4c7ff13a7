package redisstore_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timak/redisstore"
	"github.com/timak-go/timak/timak/redistest"
	"github.com/timak-go/timak/timak/secret/secrettest"
)

const password = "horse-battery"

// A store reaches its server by TLS and with a password, by go-redis' own options,
// and shows no password.
func TestTLSAndPassword(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t, "requirepass "+password)
	address, roots := overTLS(t, server.Address())
	opts := &redis.UniversalOptions{
		Addrs: []string{address}, Password: password,
		TLSConfig: &tls.Config{RootCAs: roots, ServerName: "example.com"},
	}
	store := universal(t, opts)
	put(t, store, "k", "v", nil)
	want(t, store, "k", "v")
	secrettest.WantHidden(t, password, store)
	secrettest.WantHidden(t, password, struct{ store *redisstore.Store }{store})

	opts.TLSConfig = &tls.Config{ServerName: "example.com"}
	opts.MaxRetries = -1
	_, err := redisstore.OpenUniversal(t.Context(), opts, nil)
	wantUnavailable(t, "Open with an unknown authority", err)
	byURL := open(t, "redis://:"+password+"@"+server.Address(), nil)
	want(t, byURL, "k", "v")
	secrettest.WantHidden(t, password, byURL)
}

// No part of a password is shown that a special character has put elsewhere in a URL.
func TestPasswordInAWrongURL(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{
		"a slash":                    "redis://bob:1/horse@127.0.0.1",
		"a question mark":            "redis://bob:1?horse@127.0.0.1",
		"a hash":                     "redis://bob:1#horse@127.0.0.1",
		"an at sign and a slash":     "redis://bob:p@1/horse@127.0.0.1",
		"an at sign and a question":  "redis://bob:p@1?horse@127.0.0.1",
		"a slash, of a cluster":      "redis://bob:1/horse@127.0.0.1?addr=127.0.0.1:1",
		"a user in an address":       "redis://bob:p@127.0.0.1:1?addr=bob:horse@127.0.0.1",
		"no scheme":                  "horse:battery@127.0.0.1",
		"another scheme for a slash": "redis:bob:horse@127.0.0.1/1",
		"a slash, by a Sentinel":     "redis://bob:1/horse@127.0.0.1?master_name=m",
	} {
		_, err := redisstore.Open(t.Context(), url, nil)
		if err == nil || !strings.Contains(err.Error(), "expected redis://") || strings.Contains(err.Error(), "horse") || strings.Contains(err.Error(), "bob") {
			t.Errorf("%s: got %v, want an error that shows nothing of it", name, err)
		}
	}
}

// overTLS returns the address of a way to a server that speaks TLS, and who has
// signed its certificate, which is for example.com.
func overTLS(t testing.TB, server string) (address string, roots *x509.CertPool) {
	t.Helper()
	signed := httptest.NewTLSServer(nil) // has a certificate
	t.Cleanup(signed.Close)
	roots = x509.NewCertPool()
	roots.AddCert(signed.Certificate())
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: signed.TLS.Certificates})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go relay(client, server)
		}
	}()
	return listener.Addr().String(), roots
}

// relay passes bytes both ways until one side ends.
func relay(client net.Conn, address string) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	}()
	_, _ = io.Copy(client, server)
}
