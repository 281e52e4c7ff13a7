package pgstore_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/timak-go/timak/timak/pgstore"
)

func TestOptionsOutOfRange(t *testing.T) {
	t.Parallel()
	for want, opts := range map[string]pgstore.Options{
		"Options.Table":                 {Table: strings.Repeat("t", 53)},
		"expected at most 52 bytes":     {Table: strings.Repeat("é", 27)},
		"without a NUL":                 {Table: "a\x00b"},
		"of UTF-8":                      {Table: "\xff"},
		"Options.Schema":                {Schema: strings.Repeat("s", 64)},
		"expected at most 63 bytes":     {Schema: "\xff"},
		"Options.Timeout -1s: expected": {Timeout: -time.Second},
	} {
		_, openErr := pgstore.Open(t.Context(), "host=nowhere", &opts)
		_, newErr := pgstore.New(&pgxpool.Pool{}, &opts)
		for call, err := range map[string]error{
			"Open": openErr, "New": newErr, "Migrate": pgstore.Migrate(t.Context(), "host=nowhere", &opts),
		} {
			if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "pgstore: ") {
				t.Errorf("%s with %+v: got %v, want an error with %q", call, opts, err, want)
			}
		}
	}
}

// A DSN that cannot be read may hold a password: no error shows it.
func TestUnreadableDSN(t *testing.T) {
	t.Parallel()
	for _, dsn := range []string{
		"postgres://me:hunter2@host:port/db", "host=h password='hunter2", "postgres://me:hunter2@h/db?sslmode=hunter2", "hunter2",
		"host=h password=hunter2 pool_max_conns=many",
	} {
		_, openErr := pgstore.Open(t.Context(), dsn, nil)
		for _, err := range []error{openErr, pgstore.Migrate(t.Context(), strings.ReplaceAll(dsn, "pool_", "sslmode=x pool_"), nil)} {
			if err == nil || !strings.Contains(err.Error(), "expected postgres://") || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s: got %v", dsn, err)
			}
		}
	}
}
