//go:build unix

package pgtest_test

import (
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/timak/internal/testserver"
	"github.com/timak-go/timak/timak/pgtest"
)

// A test binary with TIMAK_TEST_POSTGRES creates its databases on that server,
// starts no server, and cleans up.
func TestDSN_otherServer(t *testing.T) {
	if want := os.Getenv(childVariable); want != "" {
		dsn := pgtest.DSN(t)
		db := connect(t, dsn)
		execute(t, db, "CREATE TABLE posts (id int)")
		fmt.Println(query[string](t, db, "SELECT current_database()"), query[string](t, db, "SHOW data_directory"))
		return
	}
	t.Parallel()
	s := pgtest.NewServer(t)
	db := connect(t, s.DSN("postgres"))
	execute(t, db, "CREATE ROLE tester LOGIN CREATEDB IN ROLE pg_read_all_settings")
	old := fmt.Sprintf("timak_test_%d_abandoned", time.Now().Add(-25*time.Hour).Unix())
	data := query[string](t, db, "SHOW data_directory")
	keywords := strings.Replace(s.DSN("postgres"), "user=postgres", "user=tester", 1)
	address := "postgres://tester@/postgres?port=5432&sslmode=disable&host=" + url.PathEscape(strings.TrimSuffix(data, "/data"))

	for name, dsn := range map[string]string{"keywords": keywords, "URL": address} {
		execute(t, db, "CREATE DATABASE "+old+" OWNER tester")
		child := testserver.StartChild(t, "TestDSN_otherServer", childVariable+"=yes", pgtest.EnvServer+"="+dsn)
		database, where, _ := strings.Cut(child.Line(t), " ")
		if err := child.Wait(); err != nil {
			t.Fatalf("%s: child: %v", name, err)
		}
		if where != data || !strings.HasPrefix(database, "timak_test_") {
			t.Errorf("%s: got database %s in %s, want timak_test_… in %s", name, database, where, data)
		}
		if got := query[string](t, db, "SELECT coalesce(string_agg(datname, ' '), '') FROM pg_database WHERE datname LIKE 'timak%'"); got != "" {
			t.Errorf("%s: databases left behind: %s", name, got)
		}
	}
}
