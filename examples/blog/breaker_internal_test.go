package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// breaker breaks the connection with which a blog keeps others from moving its timelines.
type breaker struct {
	t *testing.T
	*pgx.Conn
}

// inUseLocks are the locks of those who use the timelines, or move them.
const inUseLocks = ` FROM pg_locks WHERE locktype = 'advisory' AND classid = $1 AND objid = 1
	AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`

// holder waits for a process that has such a lock.
func (b breaker) holder() (pid int) {
	b.t.Helper()
	eventually(b.t, func() (bool, string) {
		err := b.QueryRow(b.t.Context(), "SELECT pid"+inUseLocks+" AND granted", 0x626c6f67).Scan(&pid)
		return err == nil, fmt.Sprint(err)
	})
	return pid
}

func (b breaker) exec(sql string, values ...any) {
	b.t.Helper()
	if _, err := b.Exec(b.t.Context(), sql, values...); err != nil {
		b.t.Fatal(err)
	}
}

func (b breaker) terminate(pid int) {
	b.t.Helper()
	b.exec("SELECT pg_terminate_backend($1)", pid)
}

// mayConnect lets programs connect to the database, or does not.
func (b breaker) mayConnect(may bool) {
	b.t.Helper()
	b.exec("UPDATE pg_database SET datallowconn = $1 WHERE datname = current_database()", may)
}

// unguarded has a blog lose its hold on the timelines, and lets it not connect again.
func unguarded(t *testing.T, args []string) (*running, caller, breaker) {
	t.Helper()
	blog := start(t, args...)
	brett := blog.signUp(t, "brett")
	brett.write("before")
	brett.shows("/api/timeline", "title", "before")
	b := breaker{t, session(t, args)}
	b.mayConnect(false)
	b.terminate(b.holder())
	eventually(t, func() (bool, string) {
		log := blog.stderr.String()
		return strings.Contains(log, "changes wait until it is back"), log
	})
	return blog, brett, b
}

// While a blog cannot keep others from moving its timelines it leaves them alone, and takes
// posts all the same.
func TestMove_unguarded(t *testing.T) {
	t.Parallel()
	args := places["Postgres"](t)
	blog, brett, breaker := unguarded(t, args)
	brett.write("meanwhile")
	if got := brett.page("/api/timeline").texts("title"); got != "before" {
		t.Errorf("the timeline has %q, want %q", got, "before")
	}
	breaker.mayConnect(true)
	brett.shows("/api/timeline", "title", "meanwhile before")
	blog.wantClean(t, args)
}

// If it ends then, its changes wait for the next start.
func TestMove_unguardedEnd(t *testing.T) {
	t.Parallel()
	args := places["Postgres"](t)
	blog, brett, breaker := unguarded(t, args)
	brett.write("meanwhile")
	blog.stop(t)
	breaker.mayConnect(true)
	if n := tables(t, args).count("SELECT count(*) FROM timak_outbox"); n == 0 {
		t.Error("no changes wait in the outbox")
	}
	brett.url = start(t, args...).url
	brett.shows("/api/timeline", "title", "meanwhile before")
}
