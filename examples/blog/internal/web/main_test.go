package web_test

import (
	"os"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/web/request"
)

func TestMain(m *testing.M) {
	blog.HashCost = bcrypt.MinCost
	request.Time = time.Minute
	os.Exit(m.Run())
}
