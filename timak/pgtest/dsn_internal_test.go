package pgtest

import (
	"errors"
	"fmt"
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
	giveUp(&none, fmt.Errorf("%w", errNoPostgres))
	if !strings.HasPrefix(none.skipped, "pgtest: no Postgres") || !strings.Contains(none.skipped, "apt-get install postgresql") {
		t.Errorf("without Postgres: got skip %q", none.skipped)
	}
	giveUp(&broken, errors.New("broken"))
	if broken.failed != "broken" || broken.skipped != "" {
		t.Errorf("with a broken Postgres: got skip %q, failure %q, want failure broken", broken.skipped, broken.failed)
	}
}
