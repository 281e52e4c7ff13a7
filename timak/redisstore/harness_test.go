package redisstore_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/redisstore"
)

// once are the parameters of a client that sends every request only once, and does
// not wait long for connections.
const once = "?max_retries=-1&dial_timeout=1s"

// open opens a store, and closes it after the test.
func open(t testing.TB, url string, opts *redisstore.Options) *redisstore.Store {
	t.Helper()
	store, err := redisstore.Open(t.Context(), url, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeStore(t, store) })
	return store
}

func closeStore(t testing.TB, store driver.Store) {
	t.Helper()
	if err := store.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func put(t testing.TB, store driver.Store, key, value string, token driver.Token) driver.Token {
	t.Helper()
	got, err := store.Put(t.Context(), key, []byte(value), token)
	if err != nil {
		t.Fatalf("Put(%q, %q): %v", key, value, err)
	}
	return got
}

// wantUnavailable checks the error of a put that may work later.
func wantUnavailable(t testing.TB, what string, err error) {
	t.Helper()
	if !errors.Is(err, driver.ErrUnavailable) || errors.Is(err, redisstore.ErrMisconfigured) {
		t.Errorf("%s: got error %v, want driver.ErrUnavailable", what, err)
	}
}

// want compares the siblings under a key, in any order, and returns the token.
func want(t testing.TB, store driver.Store, key string, values ...string) driver.Token {
	t.Helper()
	obj, err := store.Get(t.Context(), key)
	if err != nil {
		t.Fatalf("Get(%q): %v", key, err)
	}
	var got []string
	for _, s := range obj.Siblings {
		got = append(got, string(s))
	}
	slices.Sort(got)
	slices.Sort(values)
	if !slices.Equal(got, values) {
		t.Fatalf("siblings of %q: got %.60q, want %.60q", key, got, values)
	}
	return obj.Token
}

// connect returns a plain client of the server at url.
func connect(t testing.TB, url string) *redis.Client {
	t.Helper()
	opts, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(opts)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// command carries out a command of Redis that must succeed.
func command(t testing.TB, client redis.UniversalClient, words ...any) {
	t.Helper()
	if err := client.Do(t.Context(), words...).Err(); err != nil {
		t.Fatalf("%v: %v", words, err)
	}
}

// patience is how long what must happen soon may take on a loaded machine.
const patience = 30 * time.Second

// soon ends the test if a call does not return within patience.
func soon(t testing.TB, what string, call func()) {
	t.Helper()
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		call()
	}()
	select {
	case <-returned:
	case <-time.After(patience):
		t.Fatalf("%s did not return within %v", what, patience)
	}
}

// until waits for a condition.
func until(t testing.TB, what string, holds func(ctx context.Context) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for !holds(ctx) {
		select {
		case <-ctx.Done():
			t.Fatalf("within %v, not %s", patience, what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
