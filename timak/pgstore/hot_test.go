package pgstore_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/internal/bench"
	"github.com/timak-go/timak/timak/pgstore"
	"github.com/timak-go/timak/timak/pgtest"
)

const (
	hotProcesses = 4
	hotWriters   = 16 // in each process

	// hotEnv tells a child process what to do, as JSON of hotJob.
	hotEnv = "TIMAK_PGSTORE_HOT_JOB"

	// hotTimeEnv is for how long the writers of TestHotKey write, such as 60s. Then
	// the test also shows what becomes of the table. Default: a few puts each.
	hotTimeEnv = "TIMAK_TEST_HOT"
)

// A hotJob is the work of a child process.
type hotJob struct {
	DSN     string
	Process int
	Engine  bool // the writers share an engine, as in a program; otherwise each reads and puts by itself
	Puts    int  // of each writer, unless Time is set
	Time    time.Duration
}

// A hotResult is what a child process reports of one writer.
type hotResult struct{ Acknowledged, Failed, MostSiblings int64 }

// 64 writers in 4 processes put under one key. Nothing is lost, and there are never
// more siblings than writers.
func TestHotKey(t *testing.T) {
	if job := os.Getenv(hotEnv); job != "" {
		hotChild(t, []byte(job))
		return
	}
	t.Parallel()
	long, _ := time.ParseDuration(os.Getenv(hotTimeEnv))
	for name, engine := range map[string]bool{"writers": false, "engines": true} {
		t.Run(name, func(t *testing.T) {
			if long == 0 {
				t.Parallel()
				runHot(t, hotJob{DSN: migrated(t), Engine: engine, Puts: 10}, new(tally))
				return
			}
			hotForLong(t, hotJob{Engine: engine, Time: long})
		})
	}
}

// hotForLong logs the sizes of the table, and how they change: twice on a server as it
// comes, but for a disk that need not be waited for, and twice with a shorter
// autovacuum_naptime.
func hotForLong(t *testing.T, job hotJob) {
	job.DSN = pgtest.NewServer(t).DSN("postgres")
	migrate(t, job.DSN, nil)
	sum := new(tally)
	for round := range 4 {
		if round == 2 {
			execute(t, job.DSN, `ALTER SYSTEM SET autovacuum_naptime = '5s'`)
			execute(t, job.DSN, `SELECT pg_reload_conf()`)
		}
		before := walPosition(t, job.DSN)
		t.Logf("round %d: before %s", round, sizes(t, job.DSN))
		puts := sum.acknowledged()
		runHot(t, job, sum)
		puts = sum.acknowledged() - puts
		wal := ask[int64](t, job.DSN, `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), $1::text::pg_lsn)::bigint`, before)
		t.Logf("round %d: after %v, %d puts, %d of WAL a put: %s", round, job.Time, puts, wal/puts, sizes(t, job.DSN))
		for limit := time.Now().Add(3 * time.Minute); deadChunks(t, job.DSN) > vacuumFrom && time.Now().Before(limit); {
			time.Sleep(time.Second)
		}
		t.Logf("round %d: after autovacuum: %s", round, sizes(t, job.DSN))
	}
}

func walPosition(t testing.TB, dsn string) string {
	t.Helper()
	return ask[string](t, dsn, `SELECT pg_current_wal_lsn()::text`)
}

const ofTable = ` FROM pg_class c JOIN pg_stat_all_tables s ON s.relid IN (c.oid, c.reltoastrelid) WHERE c.relname = 'timak_timelines'`

// vacuumFrom is how many dead chunks make Postgres vacuum a small TOAST table.
const vacuumFrom = 2000

func deadChunks(t testing.TB, dsn string) int64 {
	t.Helper()
	return ask[int64](t, dsn, `SELECT sum(s.n_dead_tup)::bigint`+ofTable+` AND s.relid = c.reltoastrelid`)
}

func sizes(t testing.TB, dsn string) string {
	t.Helper()
	return ask[string](t, dsn, `SELECT string_agg(CASE WHEN s.relid = c.oid THEN 'table ' ELSE 'TOAST ' END || pg_relation_size(s.relid) / 1024 ||
		' KB, indexes ' || pg_indexes_size(s.relid) / 1024 || ' KB, dead rows ' || s.n_dead_tup || ', autovacuums ' || s.autovacuum_count, '; ')`+ofTable)
}

// A tally is what all writers have done, in all rounds.
type tally struct {
	writers [hotProcesses * hotWriters]hotResult
}

func (s *tally) acknowledged() (all int64) {
	for _, w := range s.writers {
		all += w.Acknowledged
	}
	return all
}

// runHot runs the processes and adds what they report to the tally.
func runHot(t *testing.T, job hotJob, sum *tally) {
	t.Helper()
	var group sync.WaitGroup
	for process := range hotProcesses {
		job := job
		job.Process = process
		group.Go(func() {
			for i, got := range startChild(t, job) {
				w := &sum.writers[process*hotWriters+i]
				w.Acknowledged += got.Acknowledged
				w.Failed += got.Failed
				w.MostSiblings = max(w.MostSiblings, got.MostSiblings)
			}
		})
	}
	group.Wait()
	store := open(t, job.DSN, nil)
	if job.Engine {
		wantHotItems(t, timak.New(store, nil), sum)
	} else {
		wantHotNumbers(t, store, sum)
	}
	var most int64
	for i, w := range sum.writers {
		most = max(most, w.MostSiblings)
		if w.Failed > 0 || w.Acknowledged == 0 {
			t.Errorf("writer %d: %d puts acknowledged, %d failed", i, w.Acknowledged, w.Failed)
		}
	}
	limit := int64(len(sum.writers))
	if job.Engine {
		limit = 2*hotProcesses + 1 // an engine that reads siblings puts what it made of them, beside its writes; this process only reads
	}
	if most > limit {
		t.Errorf("there were %d siblings, want at most %d, one of each writer", most, limit)
	}
	t.Logf("%d puts acknowledged, at most %d siblings", sum.acknowledged(), most)
}

func wantHotNumbers(t *testing.T, store *pgstore.Store, sum *tally) {
	t.Helper()
	last := &counter{store: store, writers: len(sum.writers)}
	if err := last.read(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, w := range sum.writers {
		if got := int64(last.value[i]); got != w.Acknowledged {
			t.Errorf("writer %d: the number is %d, want %d", i, got, w.Acknowledged)
		}
	}
}

// startChild runs a process and returns what its writers report.
func startChild(t *testing.T, job hotJob) (results []hotResult) {
	t.Helper()
	text, err := json.Marshal(job)
	if err != nil {
		t.Error(err)
		return nil
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHotKey$", "-test.v")
	child.Env = append(os.Environ(), hotEnv+"="+string(text))
	out, err := child.CombinedOutput()
	_, line, found := bytes.Cut(out, []byte(hotMark))
	line, _, _ = bytes.Cut(line, []byte("\n"))
	if err != nil || !found || json.Unmarshal(line, &results) != nil {
		t.Errorf("child %d: %v\n%s", job.Process, err, out)
	}
	return results
}

const hotMark = "results: "

// hotChild does the work of a child process.
func hotChild(t *testing.T, text []byte) {
	var job hotJob
	if err := json.Unmarshal(text, &job); err != nil {
		t.Fatal(err)
	}
	store := open(t, job.DSN+fmt.Sprintf(" pool_max_conns=%d", hotWriters), &pgstore.Options{Timeout: time.Minute})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if job.Time > 0 {
		time.AfterFunc(job.Time, cancel)
	}
	results := make([]hotResult, hotWriters)
	engine := timak.New(store, nil)
	var group sync.WaitGroup
	for i := range results {
		me := job.Process*hotWriters + i
		group.Go(func() {
			c := &counter{store: store, writers: hotProcesses * hotWriters, me: me, size: 9 << 10}
			add := c.add
			if job.Engine {
				add = hotItems(engine, me)
			}
			for n := 0; ctx.Err() == nil && (job.Time > 0 || n < job.Puts); n++ {
				if err := add(context.WithoutCancel(ctx)); err != nil {
					t.Errorf("writer %d: %v", me, err)
					results[i].Failed++
					return
				}
				results[i].Acknowledged++
			}
			results[i].MostSiblings = c.mostSiblings.Load()
		})
	}
	group.Wait()
	for _, hot := range engine.Stats().Hot {
		results[0].MostSiblings = max(results[0].MostSiblings, int64(hot.Siblings))
	}
	line, err := json.Marshal(results)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("\n%s%s\n", hotMark, line)
}

// hotEach is how many items each writer has: together, they fill a timeline.
const hotEach = bench.MaxItems / (hotProcesses * hotWriters)

func hotID(writer int, n int64) string { return fmt.Sprintf("%d:%d", writer, n%hotEach) }

// hotItems returns what puts a writer's items in turns, numbered by their data. It goes
// on from where a process before it has stopped.
func hotItems(engine *timak.Timelines, writer int) func(ctx context.Context) error {
	n := int64(-1)
	return func(ctx context.Context) error {
		if n < 0 {
			n = 0
			timeline, err := engine.Get(ctx, "k")
			if err != nil {
				return err
			}
			for _, item := range timeline.Items() {
				got, _ := strconv.ParseInt(string(item.Data), 10, 64)
				if item.ID == hotID(writer, got) {
					n = max(n, got+1)
				}
			}
		}
		item := timak.Item{ID: hotID(writer, n), At: time.UnixMicro(n), Data: strconv.AppendInt(nil, n, 10)}
		n++
		_, err := engine.Apply(ctx, "k", timak.Put(item))
		return err
	}
}

// wantHotItems expects of each writer its last items.
func wantHotItems(t *testing.T, engine *timak.Timelines, sum *tally) {
	t.Helper()
	timeline, err := engine.Get(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, item := range timeline.Items() {
		got[item.ID] = string(item.Data)
	}
	for i, w := range sum.writers {
		for n := max(0, w.Acknowledged-hotEach); n < w.Acknowledged; n++ {
			if id := hotID(i, n); got[id] != strconv.FormatInt(n, 10) {
				t.Errorf("item %s: got %q, want %d", id, got[id], n)
			}
		}
	}
}
