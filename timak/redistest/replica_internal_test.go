//go:build unix

package redistest

import (
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"
)

// A replica that has missed a write has not caught up, whoever wrote.
func TestReplicated(t *testing.T) {
	t.Parallel()
	master := NewServer(t)
	replica := NewServer(t, fmt.Sprintf("replicaof %s %d", loopback, master.port))
	master.AwaitReplica(t)
	client := redis.NewClient(&redis.Options{Addr: master.Address()})
	t.Cleanup(func() { _ = client.Close() })
	conn := client.Conn()
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if err := replica.Freeze(); err != nil {
		t.Fatal(err)
	}
	if err := client.Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if err := replicated(t.Context(), conn); err == nil {
		t.Error("with a frozen replica: got no error")
	}
	if err := replica.Thaw(); err != nil {
		t.Fatal(err)
	}
	master.AwaitReplica(t)
	if err := replica.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := replicated(t.Context(), conn); err == nil {
		t.Error("with no replica: got no error")
	}
}
