package redistest

import (
	"context"
	"errors"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/timak-go/timak/timak/internal/testserver"
)

// AwaitReplica waits until a replica has all that the server has now.
func (s *Server) AwaitReplica(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testserver.StartTimeout)
	defer cancel()
	client := redis.NewClient(&redis.Options{Addr: s.Address()})
	defer func() { _ = client.Close() }()
	conn := client.Conn()
	defer func() { _ = conn.Close() }()
	if err := poll(ctx, func() error { return replicated(ctx, conn) }); err != nil {
		t.Fatalf("redistest: the replica of %s has not caught up: %v", s.Address(), err)
	}
}

// replicated returns an error unless a replica has, within a moment, all that the server
// of conn has now.
//
// WAIT asks for what the server had after the previous command of its own connection. So
// another command goes before it.
func replicated(ctx context.Context, conn *redis.Conn) error {
	if err := conn.Ping(ctx).Err(); err != nil {
		return err
	}
	n, err := conn.Do(ctx, "WAIT", 1, 100).Int()
	if err == nil && n == 0 {
		err = errors.New("WAIT: no replica has answered")
	}
	return err
}
