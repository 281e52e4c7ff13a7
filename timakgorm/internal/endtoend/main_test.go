package endtoend_test

import (
	"os"
	"testing"

	"github.com/timak-go/timak/internal/eachstore"
)

func TestMain(m *testing.M) {
	if plan := os.Getenv(crashVariable); plan != "" {
		os.Exit(crashChild(plan))
	}
	if role := os.Getenv(soakVariable); role != "" {
		os.Exit(soakChild(role))
	}
	os.Exit(eachstore.Main(m))
}
