package redisstore_test

import (
	"os"
	"testing"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timak/redisstore"
	"github.com/timak-go/timak/timak/redistest"
)

func TestMain(m *testing.M) { os.Exit(redistest.Run(m)) }

func TestConformance(t *testing.T) {
	t.Parallel()
	drivertest.Run(t, func(t *testing.T) driver.Store {
		return open(t, redistest.URL(t), &redisstore.Options{Prefix: redistest.Prefix(t)})
	})
}

func TestPutReturnsATokenForTheOnlySibling(t *testing.T) {
	t.Parallel()
	store := open(t, redistest.URL(t), &redisstore.Options{Prefix: redistest.Prefix(t)})
	if token := put(t, store, "k", "1", nil); token == nil {
		t.Error("Put on an absent key returned no token")
	}
	if token := put(t, store, "k", "2", want(t, store, "k", "1")); token == nil {
		t.Error("Put over the only sibling returned no token")
	}
}

// A token is for one key.
func TestTokenOfAnotherKey(t *testing.T) {
	t.Parallel()
	store := open(t, redistest.URL(t), &redisstore.Options{Prefix: redistest.Prefix(t)})
	token := put(t, store, "a", "1", nil)
	put(t, store, "b", "1", nil)
	for bit := range 8 * len(token) {
		damaged := append(driver.Token(nil), token...)
		damaged[bit/8] ^= 1 << (bit % 8)
		wantErr(t, "Put with a damaged token", putErr(t, store, "a", damaged), driver.ErrToken)
	}
	for n := 1; n < len(token); n++ {
		wantErr(t, "Put with a cut token", putErr(t, store, "a", token[:n]), driver.ErrToken)
	}
	wantErr(t, "Put with the token of another key", putErr(t, store, "b", token), driver.ErrToken)
	want(t, store, "a", "1")
	want(t, store, "b", "1")
}

// Stores with prefixes of their own share a server.
func TestPrefixesAreApart(t *testing.T) {
	t.Parallel()
	prefix := redistest.Prefix(t)
	one := open(t, redistest.URL(t), &redisstore.Options{Prefix: prefix + "1:"})
	two := open(t, redistest.URL(t), &redisstore.Options{Prefix: prefix + "2:"})
	put(t, one, "k", "of one", nil)
	want(t, two, "k")
	put(t, two, "k", "of two", nil)
	want(t, one, "k", "of one")
}

// A server that has forgotten the script gets it again.
func TestScriptIsSentAgain(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t)
	store, client := open(t, server.URL(), nil), connect(t, server.URL())
	mark := wantMark(t, store, "", driver.KeptBefore)
	command(t, client, "SCRIPT", "FLUSH")
	wantMark(t, store, mark, driver.KeptAll)
}

func TestManySiblings(t *testing.T) {
	t.Parallel()
	store := open(t, redistest.URL(t), &redisstore.Options{Prefix: redistest.Prefix(t)})
	var values []string
	for n := range 300 {
		value := string(rune('a' + n))
		put(t, store, "k", value, nil)
		values = append(values, value)
	}
	if token := put(t, store, "k", "merged", want(t, store, "k", values...)); token == nil {
		t.Error("Put over all siblings returned no token")
	}
	want(t, store, "k", "merged")
}
