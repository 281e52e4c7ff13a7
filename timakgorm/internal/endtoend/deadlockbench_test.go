package endtoend_test

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
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// BenchmarkDeadlocks has several writers run one statement over all rows, time and
// again, in turns: without the plugin; likewise, but with a trigger of the user's that
// only takes a few milliseconds; with Callbacks, which lock rows in the order of their
// keys; with Triggers. It reports how many of a thousand statements Postgres ends as
// deadlocks, and how many of the waits in them, as Postgres lists these, were for
// anything but a row that another writer has updated.
func BenchmarkDeadlocks(b *testing.B) {
	const writers, each, rows = 8, 10, 200
	names := []string{"plain", "slow", "callbacks", "triggers"}
	worlds := []*world.World{
		benchWorld(b, "postgres", world.NewDSN(b, "postgres"), nil),
		benchWorld(b, "postgres", world.NewDSN(b, "postgres"), nil),
		benchWorld(b, "postgres", world.NewDSN(b, "postgres"), &timakgorm.Options{}),
		benchWorld(b, "postgres", world.NewDSN(b, "postgres"), &timakgorm.Options{Capture: timakgorm.Triggers}),
	}
	for _, w := range worlds {
		w.Must(w.DB.Create(newArticles(rows)).Error)
	}
	worlds[1].Must(worlds[1].DB.Exec(slowTrigger).Error)
	deadlocks, others := make([]int, len(worlds)), 0
	rounds := 0
	for ; b.Loop(); rounds++ {
		for i := range worlds {
			n := (i + rounds) % len(worlds)
			update := func(i int) error { return updateAll(worlds[n].DB, fmt.Sprint(rounds, i)) }
			for _, err := range errorsOf(writers, each, update) {
				if err != nil {
					deadlocks[n]++
					others += len(otherWaits(b, err))
				}
			}
			if worlds[n].Plugin != nil { // as a relay would
				worlds[n].Must(worlds[n].DB.Exec("DELETE FROM timak_outbox").Error)
			}
		}
	}
	b.ReportMetric(0, "ns/op")
	for n, name := range names {
		b.ReportMetric(1000*float64(deadlocks[n])/float64(rounds*writers*each), "‰-"+name)
	}
	b.ReportMetric(float64(others), "other-waits")
}

// slowTrigger takes time while the rows are locked, and no locks.
const slowTrigger = `CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.005); RETURN NULL; END';
	CREATE TRIGGER slow AFTER UPDATE ON articles FOR EACH STATEMENT EXECUTE FUNCTION slow()`

func updateAll(db *gorm.DB, title string) error {
	return db.Model(&Article{}).Where("true").Update("title", title).Error
}

// ofRows matches a wait for a row that somebody has updated, or in the queue for it.
var ofRows = regexp.MustCompile(`waits for (ShareLock on transaction \d+|ExclusiveLock on tuple \(\d+,\d+\) of relation \d+ of database \d+);`)

// otherWaits are the waits of a deadlock for other than rows, each as Postgres says it.
func otherWaits(t testing.TB, err error) (others []string) {
	t.Helper()
	var said *pgconn.PgError
	if !errors.As(err, &said) || said.Code != "40P01" {
		t.Fatal(err)
	}
	for wait := range strings.Lines(said.Detail) {
		if !ofRows.MatchString(wait) {
			t.Log(wait)
			others = append(others, wait)
		}
	}
	return others
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
