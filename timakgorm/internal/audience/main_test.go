package audience_test

import (
	"os"
	"testing"

	"github.com/timak-go/timak/internal/eachstore"
)

func TestMain(m *testing.M) {
	if role := os.Getenv(crowdRoleVariable); role != "" {
		os.Exit(crowdChild(role))
	}
	os.Exit(eachstore.Main(m))
}
