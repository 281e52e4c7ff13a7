package redistest_test

import (
	"os"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timak/redistest"
)

func TestMain(m *testing.M) { os.Exit(redistest.Run(m)) }

// connect returns a client of the server at url, which does not repeat requests.
func connect(t *testing.T, url string) *redis.Client {
	t.Helper()
	opts, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	opts.MaxRetries = -1
	client := redis.NewClient(opts)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func set(t *testing.T, client redis.Cmdable, key, value string) {
	t.Helper()
	if err := client.Set(t.Context(), key, value, 0).Err(); err != nil {
		t.Fatal(err)
	}
}

// wantKey compares what is under a key; "" is an absent one.
func wantKey(t *testing.T, client redis.Cmdable, key, want string) {
	t.Helper()
	got, err := client.Get(t.Context(), key).Result()
	if err == redis.Nil { //nolint:errorlint // the client documents this comparison
		err = nil
	}
	if got != want || err != nil {
		t.Errorf("%s: got %q, %v, want %q", key, got, err, want)
	}
}
