package audience_test

import (
	"os"
	"testing"

	"github.com/timak-go/timak/timak/pgtest"
)

func TestMain(m *testing.M) {
	if role := os.Getenv(crowdRoleVariable); role != "" {
		os.Exit(crowdChild(role))
	}
	os.Exit(pgtest.Run(m))
}
