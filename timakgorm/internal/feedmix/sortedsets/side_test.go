package sortedsets_test

import (
	"os"
	"strings"
	"testing"

	"github.com/timak-go/timak/timak/pgtest"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/sortedsets"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// TestNew_away: the error names the address.
func TestNew_away(t *testing.T) {
	t.Parallel()
	_, err := sortedsets.New(t.Context(), pgtest.DSN(t), "127.0.0.1:1", 1000)
	if err == nil || !strings.Contains(err.Error(), "feedmix: Redis at 127.0.0.1:1: ") {
		t.Errorf("got %v, want an error that names the address", err)
	}
}
