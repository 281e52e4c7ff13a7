package redistest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// refusal is a test that records how it was given up.
type refusal struct {
	testing.TB
	skipped, failed string
}

func (*refusal) Helper()             {}
func (r *refusal) Skip(args ...any)  { r.skipped = fmt.Sprint(args...) }
func (r *refusal) Fatal(args ...any) { r.failed = fmt.Sprint(args...) }

func TestGiveUp(t *testing.T) {
	t.Parallel()
	var none, broken refusal
	giveUp(&none, fmt.Errorf("%w", errNoRedis))
	if !strings.HasPrefix(none.skipped, "redistest: no Redis") || !strings.Contains(none.skipped, "apt-get install redis-server") {
		t.Errorf("without Redis: got skip %q", none.skipped)
	}
	giveUp(&broken, errors.New("broken"))
	if broken.failed != "broken" || broken.skipped != "" {
		t.Errorf("with a broken Redis: got skip %q, failure %q, want failure broken", broken.skipped, broken.failed)
	}
}

func TestFindBinary(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	if _, err := findBinary(); !errors.Is(err, errNoRedis) {
		t.Errorf("in an empty folder: got %v, want %v", err, errNoRedis)
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
