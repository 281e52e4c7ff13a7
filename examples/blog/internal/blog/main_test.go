package blog_test

import (
	"os"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/timak/pgtest"
)

// realCost is blog.HashCost outside tests.
var realCost int

func TestMain(m *testing.M) {
	realCost, blog.HashCost = blog.HashCost, bcrypt.MinCost
	os.Exit(pgtest.Run(m))
}
