package testserver_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/timak-go/timak/timak/internal/testserver"
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
	testserver.GiveUp(&none, fmt.Errorf("start: %w", testserver.Missing("install it")))
	if none.skipped != "start: install it" {
		t.Errorf("without a server: got skip %q", none.skipped)
	}
	testserver.GiveUp(&broken, errors.New("broken"))
	if broken.failed != "broken" || broken.skipped != "" {
		t.Errorf("with a broken server: got skip %q, failure %q, want failure broken", broken.skipped, broken.failed)
	}
}
