package blog_test

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/timak-go/timak/examples/blog/internal/blog"
)

// A password's hash is as much work as bcrypt advises, wherever a test has not said
// otherwise.
func TestHashCost(t *testing.T) {
	t.Parallel()
	if realCost < bcrypt.DefaultCost {
		t.Errorf("got %d, want at least %d", realCost, bcrypt.DefaultCost)
	}
}

// Passwords are measured in characters, and all of them count.
func TestPasswords(t *testing.T) {
	onEach(t, func(t *testing.T, w world) {
		b := w.open()
		for name, password := range map[string]string{
			"ascii": strings.Repeat("a", 72), "cyrillic": strings.Repeat("ж", 72), "emoji": strings.Repeat("🦉", 71) + "é", "short": "абвгдежз",
		} {
			if _, _, err := b.SignUp(t.Context(), name, password, ""); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := b.LogIn(t.Context(), name, password, ""); err != nil {
				t.Errorf("%s: log in: %v", name, err)
			}
			runes := []rune(password)
			runes[len(runes)-1]++
			if _, err := b.LogIn(t.Context(), name, string(runes), ""); !errors.Is(err, blog.ErrLogin) {
				t.Errorf("%s: with another last character: got %v", name, err)
			}
		}
		for _, password := range []string{"abcdefg", "абвгдеж", "🦉🦉🦉🦉🦉🦉🦉", strings.Repeat("a", 73), strings.Repeat("ж", 73)} {
			if _, _, err := b.SignUp(t.Context(), "other", password, ""); err == nil || err.Error() != "password must have 8 to 72 characters" {
				t.Errorf("%d bytes: got %v", len(password), err)
			}
		}
	})
}

// A new password ends all sessions but the one that it was given in.
func TestChangePassword(t *testing.T) {
	onEach(t, func(t *testing.T, w world) {
		ctx, b := t.Context(), w.open()
		brett, here, err := b.SignUp(ctx, "brett", "old-secret", "")
		if err != nil {
			t.Fatal(err)
		}
		elsewhere := must(b.LogIn(ctx, "brett", "old-secret", ""))
		for _, bad := range [][2]string{{"wrong-one", "new-secret"}, {"old-secret", "short"}} {
			if err := b.ChangePassword(ctx, brett, here, bad[0], bad[1]); err == nil {
				t.Errorf("%v: got no error", bad)
			}
		}
		must(b.Viewer(ctx, elsewhere))
		if err := b.ChangePassword(ctx, brett, here, "old-secret", "new-secret"); err != nil {
			t.Fatal(err)
		}
		must(b.Viewer(ctx, here))
		if _, err := b.Viewer(ctx, elsewhere); !errors.Is(err, blog.ErrSession) {
			t.Errorf("elsewhere: got %v, want ErrSession", err)
		}
		if _, err := b.LogIn(ctx, "brett", "old-secret", ""); !errors.Is(err, blog.ErrLogin) {
			t.Errorf("with the old password: got %v", err)
		}
		must(b.LogIn(ctx, "brett", "new-secret", ""))
		// brett is what another request has read before.
		if err := b.ChangePassword(ctx, brett, here, "old-secret", "third-secret"); err == nil {
			t.Error("with a password that has been changed meanwhile: got no error")
		}
	})
}
