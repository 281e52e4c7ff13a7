package redistest_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timak/redistest"
)

// A server keeps what its settings let it keep.
func TestServer_keepsItsData(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		settings []string
		stop     func(s *redistest.Server) error
		want     string
	}{
		{"in memory, stopped", nil, (*redistest.Server).Stop, ""},
		{"in memory, killed", nil, (*redistest.Server).Kill, ""},
		{"append-only, stopped", []string{"appendonly yes"}, (*redistest.Server).Stop, "v"},
		{"append-only, killed", []string{"appendonly yes"}, (*redistest.Server).Kill, "v"},
		{"snapshots, stopped", []string{"save 3600 1"}, (*redistest.Server).Stop, "v"},
		{"snapshots, killed", []string{"save 3600 1"}, (*redistest.Server).Kill, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := redistest.NewServer(t, tt.settings...)
			client := connect(t, s.URL())
			set(t, client, "k", "v")
			if err := tt.stop(s); err != nil {
				t.Fatal(err)
			}
			if err := client.Ping(t.Context()).Err(); err == nil {
				t.Error("the server still answers")
			}
			if err := s.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			wantKey(t, connect(t, s.URL()), "k", tt.want)
		})
	}
}

func TestServer_stopAndStartTwice(t *testing.T) {
	t.Parallel()
	s := redistest.NewServer(t)
	if err := s.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "is running") {
		t.Errorf("Start of a running server: got %v", err)
	}
	for range 2 {
		if err := s.Stop(); err != nil {
			t.Errorf("Stop: %v", err)
		}
		if err := s.Kill(); err != nil {
			t.Errorf("Kill of a stopped server: %v", err)
		}
	}
}

// A frozen server takes connections and does not answer.
func TestServer_frozen(t *testing.T) {
	t.Parallel()
	s := redistest.NewServer(t)
	if err := s.Freeze(); err != nil {
		t.Fatal(err)
	}
	opts := &redis.Options{Addr: s.Address(), ReadTimeout: 50 * time.Millisecond, MaxRetries: -1}
	client := redis.NewClient(opts)
	defer func() { _ = client.Close() }()
	if err := client.Ping(t.Context()).Err(); err == nil {
		t.Error("a frozen server has answered")
	}
	if err := s.Thaw(); err != nil {
		t.Fatal(err)
	}
	set(t, connect(t, s.URL()), "k", "v")
}

func TestServer_startCancelled(t *testing.T) {
	t.Parallel()
	s := redistest.NewServer(t)
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Start(ctx); err == nil {
		t.Error("Start with a context that has ended: got no error")
	}
	if err := s.Start(t.Context()); err != nil {
		t.Errorf("Start after that: %v", err)
	}
}

func TestCluster(t *testing.T) {
	t.Parallel()
	c := redistest.NewCluster(t)
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: c.Addresses()})
	t.Cleanup(func() { _ = client.Close() })
	for key := range strings.SplitSeq("abcdefghijklmnopqrstuvwxyz", "") {
		set(t, client, key, "of "+key)
		wantKey(t, client, key, "of "+key)
	}
	for n, s := range c.Servers {
		keys, err := connect(t, s.URL()).DBSize(t.Context()).Result()
		if keys == 0 || err != nil {
			t.Errorf("server %d: got %d keys, %v, want some", n, keys, err)
		}
	}
}
