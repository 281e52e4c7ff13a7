package pgstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"

	"github.com/timak-go/timak/timak/driver"
)

// What callers can branch on, for errors of Postgres by their SQLSTATE. Those that a
// test can provoke are in errors_test.go and faults_test.go too.
func TestExplain(t *testing.T) {
	t.Parallel()
	sentinels := []error{driver.ErrUnavailable, driver.ErrTooLarge, driver.ErrClosed, driver.ErrToken, ErrMisconfigured, ErrDamaged, ErrKey}
	for state, want := range map[string][]error{
		"54000": {driver.ErrTooLarge},
		"42P01": {ErrMisconfigured, driver.ErrUnavailable}, // no table
		"42501": {ErrMisconfigured, driver.ErrUnavailable}, // no right
		"3F000": {ErrMisconfigured, driver.ErrUnavailable},
		"3D000": {ErrMisconfigured, driver.ErrUnavailable},
		"28P01": {ErrMisconfigured, driver.ErrUnavailable}, // password
		"53100": {driver.ErrUnavailable},                   // disk is full
		"53200": {driver.ErrUnavailable},                   // out of memory
		"53300": {driver.ErrUnavailable},                   // too many connections
		"55P03": {driver.ErrUnavailable},                   // lock_timeout
		"57014": {driver.ErrUnavailable},                   // statement_timeout
		"57P01": {driver.ErrUnavailable},                   // terminated
		"57P03": {driver.ErrUnavailable},                   // starting
		"25006": {driver.ErrUnavailable},                   // read-only
		"0A000": {driver.ErrUnavailable},                   // plan of an older table
		"XX001": {driver.ErrUnavailable},                   // damaged page
		"99999": {driver.ErrUnavailable},                   // one that is not known yet
	} {
		wantSentinels(t, state, explain(t.Context(), fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: state})), sentinels, want)
	}
	wantSentinels(t, "closed pool", explain(t.Context(), puddle.ErrClosedPool), sentinels, []error{driver.ErrClosed})
	wantSentinels(t, "cut", explain(t.Context(), io.ErrUnexpectedEOF), sentinels, []error{driver.ErrUnavailable})
	for _, err := range sentinels {
		if got := explain(t.Context(), err); got != err { //nolint:errorlint // it must be the same
			t.Errorf("%v became %v", err, got)
		}
	}
	limit := explain(t.Context(), context.DeadlineExceeded)
	if errors.Is(limit, context.DeadlineExceeded) || !errors.Is(limit, driver.ErrUnavailable) {
		t.Errorf("a limit that is not the caller's: got %v", limit)
	}
}

func wantSentinels(t *testing.T, name string, got error, sentinels, want []error) {
	t.Helper()
	for _, sentinel := range sentinels {
		wanted := false
		for _, w := range want {
			wanted = wanted || errors.Is(w, sentinel)
		}
		if errors.Is(got, sentinel) != wanted {
			t.Errorf("%s: got %v; is it %q? want %t", name, got, sentinel, wanted)
		}
	}
}
