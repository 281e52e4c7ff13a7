package pgstore_test

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/pgstore"
	"github.com/timak-go/timak/timak/pgtest"
)

var roles atomic.Int64

// newRole returns the name of a role with rights on the table.
func newRole(t testing.TB, dsn, attributes, rights string) string {
	t.Helper()
	role := fmt.Sprintf("timak_%d_%d", time.Now().UnixNano(), roles.Add(1))
	execute(t, dsn, fmt.Sprintf(`CREATE ROLE %s %s; GRANT %s ON timak_timelines TO %[1]s`, role, attributes, rights))
	t.Cleanup(func() { execute(t, dsn, fmt.Sprintf(`DROP OWNED BY %s; DROP ROLE %[1]s`, role)) })
	return role
}

func wantMisconfigured(t testing.TB, name string, err error) {
	t.Helper()
	for _, want := range []error{pgstore.ErrMisconfigured, driver.ErrUnavailable} {
		wantErr(t, name, err, want)
	}
	if err != nil && !strings.Contains(err.Error(), "call pgstore.Migrate with the same options, and grant") {
		t.Errorf("%s: got %v, which does not say what to do", name, err)
	}
}

// What Postgres will not do until somebody sets it up is found by Open, and is an
// outage to callers: nothing that waits may be given up for it.
func TestMisconfigured(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	for name, bad := range map[string]struct {
		dsn  string
		opts *pgstore.Options
	}{
		"no table":           {pgtest.DSN(t), nil},
		"another table":      {dsn, &pgstore.Options{Table: "another"}},
		"another schema":     {dsn, &pgstore.Options{Schema: "another"}},
		"no database":        {dsn + " dbname=missing", nil},
		"no such role":       {dsn + " user=nobody_of_this_name", nil},
		"may only read":      {dsn + " user=" + newRole(t, dsn, "LOGIN", "SELECT"), nil},
		"may not overwrite":  {dsn + " user=" + newRole(t, dsn, "LOGIN", "SELECT, INSERT"), nil},
		"may only overwrite": {dsn + " user=" + newRole(t, dsn, "LOGIN", "SELECT, UPDATE"), nil},
	} {
		_, err := pgstore.Open(t.Context(), bad.dsn, bad.opts)
		wantMisconfigured(t, name, err)
		store := newStore(t, poolOf(t, bad.dsn, nil), bad.opts)
		_, err = store.Put(t.Context(), "k", nil, nil)
		wantMisconfigured(t, name, err)
	}
	put(t, open(t, dsn+" user="+newRole(t, dsn, "LOGIN", "SELECT, INSERT, UPDATE"), nil), "1", nil)
}

// A table of another shape is not used.
func TestForeignTable(t *testing.T) {
	t.Parallel()
	const rest = `dot bigint, value bytea, other_dots bigint[], other_values bytea[]`
	for _, columns := range []string{
		`key bytea PRIMARY KEY`, `key bytea, ` + rest, `key text PRIMARY KEY, ` + rest, `key bytea PRIMARY KEY, dots bigint[], vals bytea[]`,
	} {
		dsn := pgtest.DSN(t)
		execute(t, dsn, `CREATE TABLE timak_timelines (`+columns+`)`)
		_, err := pgstore.Open(t.Context(), dsn, nil)
		wantMisconfigured(t, columns, err)
	}
}

func TestLongKey(t *testing.T) {
	t.Parallel()
	store := open(t, migrated(t), nil)
	for _, length := range []int{pgstore.MaxKeyLen + 1, 1 << 16} {
		key := strings.Repeat("k", length)
		_, getErr := store.Get(t.Context(), key)
		_, putErr := store.Put(t.Context(), key, nil, nil)
		for call, err := range map[string]error{"Get": getErr, "Put": putErr} {
			wantErr(t, call, err, pgstore.ErrKey)
			if want := fmt.Sprintf("expected a key of at most 512 bytes, got %d", length); err == nil || !strings.Contains(err.Error(), want) || errors.Is(err, driver.ErrUnavailable) {
				t.Errorf("%s: got %v, want %q and no outage", call, err, want)
			}
		}
	}
}

func TestLargeValue(t *testing.T) {
	t.Parallel()
	store := open(t, migrated(t), nil)
	_, err := store.Put(t.Context(), "k", make([]byte, pgstore.MaxValueLen+1), nil)
	wantErr(t, "Put", err, driver.ErrTooLarge)
	if err == nil || !strings.Contains(err.Error(), "expected at most 268435456 bytes, got 268435457") {
		t.Errorf("got %v, want the limit", err)
	}
	want(t, store)
}

// A row that was not written by Put is not taken for a timeline.
func TestDamagedRow(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	store := open(t, dsn, nil)
	for _, damage := range []string{
		`other_dots = '{}'`, `other_dots = NULL`, `other_values = '{}'`, `other_values = NULL`,
		`other_values = other_values || other_values`, `other_dots = other_dots || other_dots`,
	} {
		put(t, store, "1", nil)
		put(t, store, "2", nil)
		execute(t, dsn, `UPDATE timak_timelines SET `+damage)
		_, err := store.Get(t.Context(), "k")
		wantErr(t, damage, err, pgstore.ErrDamaged)
		wantErr(t, damage, err, driver.ErrUnavailable)
		execute(t, dsn, `DELETE FROM timak_timelines`)
	}
}
