package blog_test

import (
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/timak-go/timak/examples/blog/internal/blog"
)

// A password's hash is as much work as bcrypt advises, wherever a test has not said
// otherwise.
func TestHashCost(t *testing.T) {
	t.Parallel()
	if blog.HashCost < bcrypt.DefaultCost {
		t.Errorf("got %d, want at least %d", blog.HashCost, bcrypt.DefaultCost)
	}
}
