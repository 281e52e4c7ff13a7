package web_test

import (
	"os"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/timak-go/timak/examples/blog/internal/blog"
)

func TestMain(m *testing.M) {
	blog.HashCost = bcrypt.MinCost
	os.Exit(m.Run())
}
