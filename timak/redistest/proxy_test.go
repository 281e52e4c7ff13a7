package redistest_test

import (
	"strings"
	"testing"

	"github.com/timak-go/timak/timak/redistest"
)

// What a proxy does to a request, and whether the server carries it out.
func TestProxy(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t)
	direct := connect(t, server.URL())
	for _, tt := range []struct {
		name        string
		fault       redistest.Fault
		then, later string
	}{
		{"lost answer", redistest.LoseAnswer, "v", "v"},
		{"cut request", redistest.CutRequest, "", ""},
		{"late", redistest.Late, "", "v"},
	} {
		proxy := redistest.NewProxy(t, server.Address())
		client := connect(t, proxy.URL())
		key := strings.ReplaceAll(tt.name, " ", "-")
		set(t, client, "unharmed", "v")
		proxy.Inject(tt.fault, key, 1)
		set(t, client, "other", "v")
		if err := client.Set(t.Context(), key, "v", 0).Err(); err == nil {
			t.Errorf("%s: got no error", tt.name)
		}
		wantKey(t, direct, key, tt.then)
		proxy.Deliver()
		wantKey(t, direct, key, tt.later)
		if got := proxy.Hits(); got != 1 {
			t.Errorf("%s: got %d hits, want 1", tt.name, got)
		}
		set(t, client, key, "again")
		wantKey(t, direct, key, "again")
	}
}

func TestProxy_cut(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t)
	proxy := redistest.NewProxy(t, server.Address())
	client := connect(t, proxy.URL())
	set(t, client, "k", "v")
	proxy.Cut()
	for range 2 {
		if err := client.Get(t.Context(), "k").Err(); err == nil {
			t.Error("a proxy that is cut has answered")
		}
	}
	proxy.Mend()
	wantKey(t, client, "k", "v")
}
