package pgtest

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestWithDatabase(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ dsn, want string }{
		{"host=/tmp user=a", "host=/tmp user=a dbname=x"},
		{"host=/tmp dbname=a", "host=/tmp dbname=a dbname=x"},
		{"postgres://u:p%40@h:1/a?sslmode=disable", "postgres://u:p%40@h:1/x?sslmode=disable"},
		{"postgresql://h", "postgresql://h/x"},
		{"postgres:///a?host=/tmp&options=-c%20b", "postgres:///x?host=/tmp&options=-c%20b"},
		{"postgres://h/?dbname=a&options=-c%20b%2Bc", "postgres://h/x?options=-c%20b%2Bc"},
	} {
		if got, err := withDatabase(c.dsn, "x"); got != c.want || err != nil {
			t.Errorf("withDatabase(%q, x): got %q, %v, want %q", c.dsn, got, err, c.want)
		}
	}
	if _, err := withDatabase("postgres://u:secret@h:port/a", "x"); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("withDatabase of a bad URL: got %v, want an error without the password", err)
	}
}

// No error reveals the password of the server in the DSN.
func TestPasswordIsNotTold(t *testing.T) {
	t.Parallel()
	for _, dsn := range []string{
		"host=h password = battery-staple port=x",
		"host=h password='battery-staple port=x",
		"postgres://ann:battery%zzstaple@h/db",
		"postgres://ann:battery/staple@h/db",
		"host=/nowhere user=ann password=battery-staple",
	} {
		_, listErr := databases(t.Context(), dsn)
		for _, err := range []error{listErr, execute(t.Context(), dsn, "SELECT 1")} {
			if err == nil || strings.Contains(err.Error(), "battery") || strings.Contains(err.Error(), "staple") {
				t.Errorf("%s: got %v, want an error without the password", dsn, err)
			}
		}
	}
}

func TestAbandoned(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_000_000, 0)
	long, recent := now.Add(-25*time.Hour), now.Add(-23*time.Hour)
	for name, want := range map[string]bool{
		databaseName(long):                               true,
		databaseName(recent):                             false,
		databaseName(now.Add(time.Hour)):                 false,
		"timak_test":                                     false,
		"timak_test_1":                                   false,
		"timak_test_1_":                                  false,
		"timak_test_old_a":                               false,
		"timak_test_1_a\"b":                              false,
		"my_" + databaseName(long):                       false,
		fmt.Sprintf("timak_test_%d_ö", 1):                false,
		fmt.Sprintf("timak_test_%d_a-b", 1):              false,
		fmt.Sprintf("timak_test_%d_a b", 1):              false,
		fmt.Sprintf("timak_test_%d_abc234", 1):           true,
		strings.ToUpper(databaseName(long)):              false,
		strings.TrimPrefix(databaseName(long), "timak_"): false,
	} {
		if got := abandoned(name, now); got != want {
			t.Errorf("abandoned(%q): got %v, want %v", name, got, want)
		}
	}
}
