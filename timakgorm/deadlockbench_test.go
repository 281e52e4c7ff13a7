package timakgorm_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
)

// BenchmarkDeadlocks has several writers run one statement over all rows at a time,
// without the plugin, with Callbacks and with Triggers, in turns, and reports how
// many of a thousand statements Postgres ends as deadlocks. Which locks they were
// about is in what it says of them: every wait is for a row that another of the
// writers has updated (for its transaction, or in the queue for the row), or else it
// is reported apart.
func BenchmarkDeadlocks(b *testing.B) {
	const writers, each, rows = 8, 10, 200
	names := []string{"plain", "callbacks", "triggers"}
	worlds := []*world{
		benchWorld(b, "postgres", newDSN(b, "postgres"), nil),
		benchWorld(b, "postgres", newDSN(b, "postgres"), &timakgorm.Options{}),
		benchWorld(b, "postgres", newDSN(b, "postgres"), &timakgorm.Options{Capture: timakgorm.Triggers}),
	}
	for _, w := range worlds {
		w.must(w.db.Create(newArticles(rows)).Error)
	}
	var deadlocks, statements [3]int
	others := map[string]int{}
	for round := 0; b.Loop(); round++ {
		for i := range worlds {
			n := (i + round) % len(worlds)
			for _, err := range errorsOf(writers, each, func(i int) error { return updateAll(worlds[n].db, fmt.Sprint(round, i)) }) {
				statements[n]++
				if err == nil {
					continue
				}
				deadlocks[n]++
				for _, wait := range waitsOf(b, err) {
					if !ofRows.MatchString(wait) {
						others[names[n]+": "+wait]++
					}
				}
			}
			if worlds[n].plugin != nil { // as a relay would
				worlds[n].must(worlds[n].db.Exec("DELETE FROM timak_outbox").Error)
			}
		}
	}
	b.ReportMetric(0, "ns/op")
	for n, name := range names {
		b.ReportMetric(1000*float64(deadlocks[n])/float64(statements[n]), "‰-"+name)
	}
	b.ReportMetric(float64(len(others)), "other-locks")
	for wait, n := range others {
		b.Logf("%d times: %s", n, wait)
	}
}

func updateAll(db *gorm.DB, title string) error {
	return db.Model(&Article{}).Where("true").Update("title", title).Error
}

// ofRows matches a wait for a row that somebody has updated, or in the queue for it.
var ofRows = regexp.MustCompile(`waits for (ShareLock on transaction \d+|ExclusiveLock on tuple \(\d+,\d+\) of relation \d+ of database \d+);`)

// waitsOf are the waits of a deadlock, each as Postgres says it.
func waitsOf(t testing.TB, err error) []string {
	t.Helper()
	var said *pgconn.PgError
	if !errors.As(err, &said) || said.Code != "40P01" {
		t.Fatal(err)
	}
	return strings.Split(said.Detail, "\n")
}

// errorsOf has several at once call something so many times each, and returns what
// it returns.
func errorsOf(callers, times int, call func(i int) error) []error {
	errs := make([]error, callers*times)
	var all sync.WaitGroup
	for caller := range callers {
		all.Go(func() {
			for i := caller * times; i < (caller+1)*times; i++ {
				errs[i] = call(i)
			}
		})
	}
	all.Wait()
	return errs
}
