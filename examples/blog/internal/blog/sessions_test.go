package blog_test

import (
	"errors"
	"testing"

	"github.com/timak-go/timak/examples/blog/internal/blog"
)

// A user has a bounded number of sessions: the oldest end.
func TestSessions_bounded(t *testing.T) {
	onEach(t, func(t *testing.T, w world) {
		ctx, b := t.Context(), w.open()
		_, first, err := b.SignUp(ctx, "brett", "12345678", "")
		if err != nil {
			t.Fatal(err)
		}
		_, other, err := b.SignUp(ctx, "anna", "12345678", "")
		if err != nil {
			t.Fatal(err)
		}
		if err := w.db.Exec("UPDATE sessions SET expires_at = expires_at - 1000").Error; err != nil {
			t.Fatal(err)
		}
		var last string
		for range blog.MaxSessions - 1 {
			last = must(b.LogIn(ctx, "brett", "12345678", ""))
			must(b.Viewer(ctx, last))
		}
		must(b.Viewer(ctx, first))
		newest := must(b.LogIn(ctx, "brett", "12345678", ""))
		if _, err := b.Viewer(ctx, first); !errors.Is(err, blog.ErrSession) {
			t.Errorf("the oldest session: got %v, want ErrSession", err)
		}
		for _, token := range []string{last, newest, other} {
			must(b.Viewer(ctx, token))
		}
		var n int64
		if err := w.db.Model(&blog.Session{}).Count(&n).Error; err != nil || n != blog.MaxSessions+1 {
			t.Errorf("got %d sessions, %v, want %d", n, err, blog.MaxSessions+1)
		}
	})
}
