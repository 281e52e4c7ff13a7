package main

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// After a restart everything is as before, including sessions.
func TestRestart(t *testing.T) {
	onEach(t, restart)
}

// A folder's name may contain any character.
func TestRestart_oddFolder(t *testing.T) {
	t.Parallel()
	restart(t, []string{"-data", filepath.Join(t.TempDir(), "a b?c#d%20e&ü'")})
}

func restart(t *testing.T, args []string) {
	blog := start(t, args...)
	brett := blog.signUp(t, "brett")
	post := brett.write("one")
	brett.write("two")
	comments := fmt.Sprintf("/api/posts/%d/comments", post.ID)
	brett.want(http.StatusCreated, "POST", comments, `{"body":"hm"}`, nil)
	blog.stop(t)

	again := caller{t, start(t, args...).url, brett.token}
	again.shows("/api/timeline", "title", "two one")
	again.shows("/api/users/brett/posts", "title", "two one")
	again.shows(comments, "body", "hm")
	again.write("three")
	again.shows("/api/timeline", "title", "three two one")
}

// A request that has begun is answered before the blog stops.
func TestStop_finishesRequests(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	blog := start(t, "-data", folder)
	brett := blog.signUp(t, "brett")
	const body = `{"title":"last words"}`
	conn := brett.beginPost(len(body))
	blog.cancel()
	blog.letsNobodyIn(t)
	if _, err := io.WriteString(conn, body); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.Contains(string(answer), "201 Created") {
		t.Errorf("got %s, %v", answer, err)
	}
	blog.stop(t)
	caller{t: t, url: start(t, "-data", folder).url}.shows("/api/timeline", "title", "last words")
}

// beginPost sends the head of a request to write a post, and returns when the
// blog waits for its body.
func (c caller) beginPost(length int) net.Conn {
	c.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(c.url, "http://"))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = conn.Close() })
	head := "POST /api/posts HTTP/1.1\r\nHost: blog\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n"
	if _, err := fmt.Fprintf(conn, head, c.token, length); err != nil {
		c.t.Fatal(err)
	}
	const goOn = "HTTP/1.1 100 Continue\r\n\r\n"
	line := make([]byte, len(goOn))
	if _, err := io.ReadFull(conn, line); err != nil || string(line) != goOn {
		c.t.Fatalf("got %q, %v", line, err)
	}
	return conn
}

// letsNobodyIn waits until the blog has begun to stop.
func (b *running) letsNobodyIn(t *testing.T) {
	t.Helper()
	eventually(t, func() (bool, string) {
		conn, err := net.Dial("tcp", strings.TrimPrefix(b.url, "http://"))
		if err == nil {
			_ = conn.Close()
		}
		return err != nil, "still listening"
	})
}
