package pgtest_test

import (
	"context"
	"os"
	"testing"

	"github.com/timak-go/timak/timak/pgtest"
)

func TestServer_keepsItsData(t *testing.T) {
	t.Parallel()
	s := pgtest.NewServer(t)
	db := connect(t, s.DSN("postgres"))
	execute(t, db, "CREATE TABLE posts (id int)")
	stops := map[string]func() error{"stop": s.Stop, "crash": s.Crash, "kill": s.Kill}
	rows := 0
	for name, stop := range stops {
		for range 3 { // the last commit before a crash is the one at risk
			execute(t, db, "INSERT INTO posts VALUES (1)")
			rows++
			if err := stop(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for db.PingContext(t.Context()) == nil {
				if name != "kill" { // after which connections end when their processes notice
					t.Fatalf("%s: the server still takes connections", name)
				}
			}
			if err := s.Start(t.Context()); err != nil {
				t.Fatalf("start after %s: %v", name, err)
			}
			if got := query[int](t, connect(t, s.DSN("postgres")), "SELECT count(*) FROM posts"); got != rows {
				t.Fatalf("rows after %s: got %d, want %d", name, got, rows)
			}
		}
	}
}

func TestServer_restartAppliesSettings(t *testing.T) {
	t.Parallel()
	s := pgtest.NewServer(t)
	execute(t, connect(t, s.DSN("postgres")), "ALTER SYSTEM SET max_connections = 7")
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := query[string](t, connect(t, s.DSN("postgres")), "SHOW max_connections"); got != "7" {
		t.Errorf("max_connections: got %s, want 7", got)
	}
}

func TestServer_stopAndStartTwice(t *testing.T) {
	t.Parallel()
	s := pgtest.NewServer(t)
	if err := s.Start(t.Context()); err == nil {
		t.Error("start of a running server: got no error")
	}
	for range 2 {
		if err := s.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
		if err := s.Crash(); err != nil {
			t.Errorf("crash of a stopped server: %v", err)
		}
		if err := s.Kill(); err != nil {
			t.Errorf("kill of a stopped server: %v", err)
		}
	}
}

func TestServer_startCancelled(t *testing.T) {
	t.Parallel()
	s := pgtest.NewServer(t)
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Start(ctx); err == nil {
		t.Error("start with a context that has ended: got no error")
	}
	if err := s.Start(t.Context()); err != nil {
		t.Errorf("start after that: %v", err)
	}
}

func TestServer_removed(t *testing.T) {
	t.Parallel()
	var data string
	t.Run("test", func(t *testing.T) {
		s := pgtest.NewServer(t)
		data = query[string](t, connect(t, s.DSN("postgres")), "SHOW data_directory")
	})
	if _, err := os.Stat(data); !os.IsNotExist(err) {
		t.Errorf("stat %s after the test has ended: got %v, want that it does not exist", data, err)
	}
}
