package pgstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timak/pgstore"
	"github.com/timak-go/timak/timak/pgtest"
)

// until waits for what must happen soon; the limit allows for a loaded machine.
func until(t testing.TB, what string, happened func() bool) {
	t.Helper()
	for limit := time.Now().Add(time.Minute); !happened(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("waited a minute until %s", what)
		}
	}
}

func wantErr(t testing.TB, call string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got %v, want %v", call, got, want)
	}
}

// bothFail makes both calls, and expects an error of each.
func bothFail(t testing.TB, store driver.Store, want error) {
	t.Helper()
	_, err := store.Get(t.Context(), "k")
	wantErr(t, "Get", err, want)
	_, err = store.Put(t.Context(), "another", nil, nil)
	wantErr(t, "Put", err, want)
}

// The server is killed (-9) while writers write, and comes back, several times.
// Every acknowledged put is there, and each writer leaves one sibling, and one for each
// lost answer.
func TestServerIsKilled(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t)
	dsn := server.DSN("postgres")
	migrate(t, dsn, nil)
	store := open(t, dsn, nil)
	const writers, kills = 8, 3
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	counts := make([]*counter, writers)
	var group sync.WaitGroup
	for i := range counts {
		counts[i] = &counter{store: store, writers: writers, me: i}
		group.Go(func() { counts[i].run(ctx, t) })
	}
	for range kills {
		before := acknowledged(counts)
		until(t, "puts are acknowledged", func() bool { return acknowledged(counts) > before+50 })
		if err := server.Kill(); err != nil {
			t.Fatal(err)
		}
		until(t, "calls fail", func() bool {
			_, err := store.Get(t.Context(), "k")
			return errors.Is(err, driver.ErrUnavailable)
		})
		_, err := pgstore.Open(t.Context(), dsn, nil)
		wantErr(t, "Open without a server", err, driver.ErrUnavailable)
		if err := server.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	before := acknowledged(counts)
	until(t, "puts are acknowledged again", func() bool { return acknowledged(counts) > before+50 })
	stop()
	group.Wait()
	wantCounts(t, store, counts)
}

// A put whose answer is lost was carried out, and leaves one sibling when its writer
// goes on from what it knew.
func TestAnswerIsLost(t *testing.T) {
	t.Parallel()
	var wire network
	store := newStore(t, poolOf(t, migrated(t), wire.through), nil)
	token := put(t, store, "1", nil)
	wire.cutAnswer.Store(once())
	_, err := store.Put(t.Context(), "k", []byte("2, answer lost"), token)
	wantErr(t, "Put", err, driver.ErrUnavailable)
	want(t, store, "2, answer lost")
	put(t, store, "2 again", token)
	put(t, store, "3", want(t, store, "2, answer lost", "2 again").Token)
	want(t, store, "3")
}

// A put that was cut off on its way to the server has no effect.
func TestPutIsCutOff(t *testing.T) {
	t.Parallel()
	var wire network
	store := newStore(t, poolOf(t, migrated(t), wire.through), nil)
	token := put(t, store, "1", nil)
	for _, size := range []int{0, 100, 1 << 20} {
		wire.cutWrite.Store(once())
		_, err := store.Put(t.Context(), "k", make([]byte, size), token)
		wantErr(t, fmt.Sprintf("Put of %d bytes", size), err, driver.ErrUnavailable)
		want(t, store, "1")
	}
	put(t, store, "2", token)
	want(t, store, "2")
}

// The contract holds while connections are cut in the middle of calls.
func TestConformanceOnABadNetwork(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	drivertest.RunLossy(t, func(t *testing.T) driver.Store {
		var wire network
		store := newStore(t, poolOf(t, dsn, wire.through), nil)
		wire.cutAnswer.Store(oneIn(23))
		wire.cutWrite.Store(oneIn(31))
		return patient{store}
	})
}

// patient is a store that reads again when a read fails.
type patient struct{ driver.Store }

func (p patient) Get(ctx context.Context, key string) (obj driver.Object, err error) {
	for range 20 {
		if obj, err = p.Store.Get(ctx, key); !errors.Is(err, driver.ErrUnavailable) {
			break
		}
	}
	return obj, err
}

// Once connected, a call is one round trip.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	var wire network
	store := newStore(t, poolOf(t, migrated(t), wire.through), nil)
	token := put(t, store, "0", nil)
	want(t, store, "0")
	wantTrips := func(name string, trips int64, call func()) {
		t.Helper()
		before := wire.trips.Load()
		call()
		if got := wire.trips.Load() - before; got != trips {
			t.Errorf("%s: %d round trips, want %d", name, got, trips)
		}
	}
	wantTrips("Get", 1, func() { want(t, store, "0") })
	wantTrips("Put", 1, func() { token = put(t, store, "1", token) })
	wantTrips("Put of the last token", 1, func() { put(t, store, "2", token) })
	wantTrips("Put beside siblings", 1, func() { put(t, store, "3", nil) })
	wantTrips("Get of siblings", 1, func() { want(t, store, "2", "3") })
}

// lockRow locks the row of key k, so that puts wait, until the test ends or unlock is
// called.
func lockRow(t testing.TB, dsn string) (unlock func()) {
	t.Helper()
	tx, err := connect(t, dsn).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `SELECT FROM timak_timelines FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	return func() { _ = tx.Rollback(t.Context()) }
}

// waiting counts the puts that wait for a lock.
func waiting(t testing.TB, conn *pgx.Conn) (count int) {
	t.Helper()
	err := conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&count)
	if err != nil {
		t.Fatal(err)
	}
	return count
}

// A caller that gives up while its put waits gets its own error at once, and the put
// is not carried out later.
func TestCallerGivesUp(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	store, watch := open(t, dsn, nil), connect(t, dsn)
	put(t, store, "1", nil)
	unlock := lockRow(t, dsn)
	why := errors.New("the browser has gone")
	ctx, giveUp := context.WithCancelCause(t.Context())
	failed := make(chan error)
	go func() {
		_, err := store.Put(ctx, "k", []byte("2"), nil)
		failed <- err
	}()
	until(t, "the put waits", func() bool { return waiting(t, watch) == 1 })
	giveUp(why)
	err := <-failed
	wantErr(t, "Put", err, context.Canceled)
	wantErr(t, "Put", err, why)
	if errors.Is(err, driver.ErrUnavailable) {
		t.Errorf("got %v, which blames Postgres", err)
	}
	until(t, "the put has gone", func() bool { return waiting(t, watch) == 0 })
	unlock()
	want(t, store, "1")
	put(t, store, "3", nil)
	want(t, store, "1", "3")
}

// A put that gets no answer within Options.Timeout fails, and is not carried out
// later. Readers do not wait.
func TestTimeout(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	store, watch := open(t, dsn, &pgstore.Options{Timeout: 300 * time.Millisecond}), connect(t, dsn)
	put(t, open(t, dsn, nil), "1", nil)
	unlock := lockRow(t, dsn)
	_, err := store.Put(t.Context(), "k", []byte("2"), nil)
	wantErr(t, "Put", err, driver.ErrUnavailable)
	if err == nil || errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no answer within 300ms") {
		t.Errorf("got %v, want an error about the time, and not of the caller's context", err)
	}
	until(t, "the put has gone", func() bool { return waiting(t, watch) == 0 })
	unlock()
	want(t, open(t, dsn, nil), "1")
}

// A pool without a free connection.
func TestPoolIsFull(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	pool := poolOf(t, dsn+" pool_max_conns=1", nil)
	store := newStore(t, pool, &pgstore.Options{Timeout: 200 * time.Millisecond})
	taken, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	bothFail(t, store, driver.ErrUnavailable)
	_, err = store.Get(t.Context(), "k")
	if err == nil || !strings.Contains(err.Error(), "no free connection within 200ms (connections in use: 1 of 1)") {
		t.Errorf("got %v, want an error about the pool", err)
	}
	waits := newStore(t, pool, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = waits.Get(ctx, "k")
	wantErr(t, "Get of a caller with a limit", err, context.DeadlineExceeded)
	got := make(chan error)
	go func() {
		_, err := waits.Put(t.Context(), "k", []byte("1"), nil)
		got <- err
	}()
	taken.Release()
	wantErr(t, "Put once a connection is free", <-got, nil)
	want(t, waits, "1")
}

// Postgres refuses connections.
func TestServerIsFull(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	role := newRole(t, dsn, "LOGIN CONNECTION LIMIT 1", "SELECT, INSERT, UPDATE")
	store := open(t, dsn+" pool_max_conns=1 user="+role, nil)
	put(t, store, "1", nil)
	_, err := pgstore.Open(t.Context(), dsn+" user="+role, nil)
	wantErr(t, "Open", err, driver.ErrUnavailable)
	if errors.Is(err, pgstore.ErrMisconfigured) {
		t.Errorf("got %v, which will pass", err)
	}
	want(t, store, "1")
}

// The administrator ends a connection while its put waits, or sets a limit.
func TestPutIsEnded(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	put(t, open(t, dsn, nil), "1", nil)
	unlock := lockRow(t, dsn)
	for name, settings := range map[string]string{
		"a statement_timeout": "statement_timeout=50", "a lock_timeout": "lock_timeout=50", "terminated": "lock_timeout=0",
	} {
		store, watch := open(t, dsn+" "+settings, nil), connect(t, dsn)
		failed := make(chan error)
		go func() {
			_, err := store.Put(t.Context(), "k", []byte("2"), nil)
			failed <- err
		}()
		if name == "terminated" {
			until(t, "the put waits", func() bool { return waiting(t, watch) == 1 })
			execute(t, dsn, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
				WHERE datname = current_database() AND wait_event_type = 'Lock'`)
		}
		wantErr(t, name, <-failed, driver.ErrUnavailable)
	}
	unlock()
	want(t, open(t, dsn, nil), "1")
}

// On a standby, and in a database that was made read-only, readers go on.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	put(t, open(t, dsn, nil), "1", nil)
	store := open(t, dsn+" default_transaction_read_only=on", nil)
	want(t, store, "1")
	_, err := store.Put(t.Context(), "k", []byte("2"), nil)
	wantErr(t, "Put", err, driver.ErrUnavailable)
	want(t, store, "1")
}

// An application closes its own pool, and a store that uses it leaves it open.
func TestClosedPool(t *testing.T) {
	t.Parallel()
	pool := poolOf(t, migrated(t), nil)
	store, other := newStore(t, pool, nil), newStore(t, pool, nil)
	put(t, store, "1", nil)
	closeStore(t, store)
	bothFail(t, store, driver.ErrClosed)
	want(t, other, "1")
	pool.Close()
	bothFail(t, other, driver.ErrClosed)
	closeStore(t, other)
}
