package sortedsets_test

import (
	"os"
	"strings"
	"testing"

	"github.com/timak-go/timak/timak/pgtest"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/sortedsets"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// TestNew_away: the error names the address, or what is expected.
func TestNew_away(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"redis://:secret@127.0.0.1:1": "feedmix: Redis at 127.0.0.1:1: ",
		"secret@127.0.0.1:1":          "feedmix: the URL of Redis: expected redis://host:port",
	} {
		_, err := sortedsets.New(t.Context(), pgtest.DSN(t), url, 1000)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("got %v, want an error that names the address and no password", err)
		}
	}
}
