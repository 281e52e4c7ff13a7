package redistest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/timak-go/timak/timak/internal/testserver"
)

func TestFindBinary(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	_, err := findBinary()
	if _, missing := errors.AsType[testserver.Missing](err); !missing || !strings.HasPrefix(err.Error(), "redistest: no Redis") {
		t.Errorf("in an empty folder: got %v, want that Redis is missing", err)
	}
	for _, name := range []string{"valkey-server", "redis-server"} { // the second is preferred
		want := filepath.Join(bin, name)
		if err := os.WriteFile(want, nil, 0o755); err != nil {
			t.Fatal(err)
		}
		if got, err := findBinary(); got != want || err != nil {
			t.Errorf("with %s: got %s, %v", name, got, err)
		}
	}
}

// No error reveals the password in the URL.
func TestBadURL(t *testing.T) {
	t.Parallel()
	err := removeKeys(t.Context(), "redis://user:secret@host:port", "*", nil)
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v, want an error without the password", err)
	}
}
