package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/timak-go/timak/examples/blog/internal/storage"
	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/pgtest"
	"github.com/timak-go/timak/timak/redistest"
)

// with returns a command line.
func with(args []string, more ...string) []string {
	return append(append([]string{}, more...), args...)
}

// earlier makes a blog that is not running look like one of an earlier release, which noted
// nowhere where the timelines are.
func earlier(t *testing.T, args []string) {
	t.Helper()
	tables(t, args).exec("DROP TABLE blog_timelines")
	withTimelines(t, args, func(timelines *timak.Timelines) {
		marks, err := timelines.Get(t.Context(), "blog:database")
		if err == nil {
			for _, id := range marks.IDs() {
				_, err = timelines.Delete(t.Context(), "blog:database", id)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	})
}

// A blog of an earlier release goes on if its timelines are where they were: in the folder
// or in Riak.
func TestMove_earlier(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"SQLite", "SQLite and Riak", "Postgres and Riak"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := places[name](t)
			blog := start(t, args...)
			blog.signUp(t, "brett").write("one")
			blog.stop(t)
			earlier(t, args)
			caller{t: t, url: start(t, args...).url}.shows("/api/timeline", "title", "one")
		})
	}
}

// If they are not, the blog says what to do. With Postgres alone they were in the folder.
func TestMove_earlierElsewhere(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(t *testing.T, args []string){
		"SQLite": func(t *testing.T, args []string) {
			if err := os.Remove(filepath.Join(args[1], storage.TimelinesFile)); err != nil {
				t.Fatal(err)
			}
		},
		"Postgres": func(t *testing.T, args []string) {
			tables(t, args).exec("DROP TABLE timak_timelines, timak_timelines_migrations")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := places[name](t)
			blog := start(t, args...)
			blog.signUp(t, "brett").write("one")
			blog.stop(t)
			earlier(t, args)
			lose(t, args)
			const why = `yet: stop every other blog on it, and run "blog rebuild" once`
			wantRefused(t, why, args...)
			wantChecked(t, exitFailed, why, with(args, verify)...)
			wantChecked(t, exitClean, "0 remain", with(args, rebuild)...)
			wantChecked(t, exitClean, "the timelines match the tables", with(args, verify)...)
			caller{t: t, url: start(t, args...).url}.shows("/api/timeline", "title", "one")
		})
	}
}

// A blog whose timelines are elsewhere says where, and rebuild moves them. What a store has
// held before does not come back with it.
func TestMove(t *testing.T) {
	t.Parallel()
	inPostgres := places["Postgres"](t)
	inRedis := append(inPostgres, "-redis", onRedis(t))

	first := start(t, inRedis...)
	brett, anna := first.signUp(t, "brett"), first.signUp(t, "anna")
	anna.want(http.StatusNoContent, "PUT", "/api/users/brett/follow", "", nil)
	one := brett.write("one")
	comments := fmt.Sprintf("/api/posts/%d/comments", one.ID)
	var comment made
	brett.want(http.StatusCreated, "POST", comments, `{"body":"hm"}`, &comment)
	first.stop(t)

	wantRefused(t, "are in Redis, and not in Postgres: start the blog with -redis", inPostgres...)
	wantChecked(t, exitFailed, "are in Redis", with(inPostgres, verify)...)
	wantChecked(t, exitFailed, "-from continues", with(inPostgres, rebuild, "-from", "x")...)
	wantChecked(t, exitClean, "from now on the timelines are in Postgres", with(inPostgres, rebuild)...)

	second := start(t, inPostgres...)
	brett.url, anna.url = second.url, second.url
	anna.shows("/api/home", "title", "one")
	anna.shows(comments, "body", "hm")
	anna.want(http.StatusNoContent, "DELETE", "/api/users/brett/follow", "", nil)
	brett.want(http.StatusNoContent, "DELETE", fmt.Sprintf("/api/comments/%d", comment.ID), "", nil)
	second.stop(t)

	wantRefused(t, "are in Postgres, and not in Redis: start the blog without -redis and -riak", inRedis...)
	wantChecked(t, exitClean, "2 extra", with(inRedis, verify, "-repair")...)
	third := start(t, inRedis...)
	brett.url, anna.url = third.url, third.url
	anna.shows("/api/home", "title", "")
	anna.shows(comments, "body", "")
	anna.shows("/api/timeline", "title", "one")
	third.wantClean(t, inRedis)
	wantRefused(t, "are in Redis", inPostgres...)
}

// A store that holds the timelines of another database is not used, and not rebuilt.
func TestMove_anotherDatabase(t *testing.T) {
	t.Parallel()
	redis := onRedis(t)
	first := start(t, "-postgres", pgtest.DSN(t), "-redis", redis)
	other := places["Postgres"](t)
	args := append(other, "-redis", redis)
	const why = "Redis holds the timelines of another database: give this one a server, or a number on it"
	wantRefused(t, why, args...)
	wantChecked(t, exitFailed, why, with(args, rebuild)...)
	first.signUp(t, "brett").write("one")
	start(t, append(other, "-redis", redis+"/1")...).signUp(t, "brett").write("one")
}

// So is a file whose database was removed.
func TestMove_newDatabase(t *testing.T) {
	t.Parallel()
	folder := aBlog(t)
	if err := os.Remove(filepath.Join(folder, storage.TablesFile)); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, "holds the timelines of another database: remove its file timelines.bolt", "-data", folder)
}

// A blog whose store has lost everything says so when it starts.
func TestMove_lost(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t) // keeps nothing on disk
	args := []string{"-data", t.TempDir(), "-redis", server.URL()}
	blog := start(t, args...)
	blog.signUp(t, "brett").write("one")
	blog.stop(t)
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, "Redis does not hold the timelines of this database, or lost them", args...)
	wantChecked(t, exitClean, "0 remain", with(args, rebuild)...)
	caller{t: t, url: start(t, args...).url}.shows("/api/timeline", "title", "one")
}

// While a blog runs its timelines are not moved, and while they are moved none starts.
func TestMove_inUse(t *testing.T) {
	t.Parallel()
	args := places["Postgres"](t)
	toRedis := append(args, "-redis", onRedis(t))
	blog := start(t, args...)
	brett := blog.signUp(t, "brett")
	brett.write("one")
	wantChecked(t, exitFailed, "a blog is running on this database", with(toRedis, rebuild)...)
	brett.write("two")
	brett.shows("/api/timeline", "title", "two one")
	wantChecked(t, exitClean, "the timelines match the tables", with(args, rebuild)...) // beside the blog
	blog.wantClean(t, args)

	mover := session(t, args)
	if _, err := mover.Exec(t.Context(), "SELECT pg_advisory_lock($1, 1)", 0x626c6f67); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, "another process is moving the timelines", args...)
	wantChecked(t, exitFailed, "another process is moving the timelines", with(args, rebuild)...)
}

// A rebuild that was stopped while it moved the timelines leaves them in no store; the next
// one makes them.
func TestMove_stopped(t *testing.T) {
	t.Parallel()
	args := places["Postgres"](t)
	toRedis := append(args, "-redis", onRedis(t))
	blog := start(t, args...)
	blog.signUp(t, "brett").write("one")
	blog.stop(t)

	ctx, cancel := context.WithCancel(t.Context())
	var stdout output
	stderr := &trap{text: "from now on", spring: cancel}
	if code := run(ctx, with(toRedis, rebuild), noEnv, &stdout, stderr); code != exitFailed {
		t.Fatalf("got exit code %d, %s%s", code, &stdout, &stderr.Buffer)
	}
	wantRefused(t, "the timelines in Redis are not all made", toRedis...)
	wantRefused(t, "are in Redis, and not in Postgres", args...)
	wantChecked(t, exitClean, "0 remain", with(toRedis, rebuild)...)
	caller{t: t, url: start(t, toRedis...).url}.shows("/api/timeline", "title", "one")
}

// trap calls spring when a text has been written to it.
type trap struct {
	bytes.Buffer
	text   string
	spring func()
}

func (w *trap) Write(b []byte) (int, error) {
	n, err := w.Buffer.Write(b)
	if strings.Contains(w.String(), w.text) {
		w.spring()
	}
	return n, err
}

// A blog that loses its connections goes on, and again keeps others from moving its
// timelines. If they are being moved by then, it ends.
func TestMove_connectionLost(t *testing.T) {
	t.Parallel()
	args := places["Postgres"](t)
	blog := start(t, args...)
	t.Cleanup(func() { blog.code <- 0 }) // it is not stopped, it ends
	brett := blog.signUp(t, "brett")
	breaker := breaker{t, session(t, args)}
	before := breaker.holder()
	breaker.terminate(before)
	eventually(t, func() (bool, string) { now := breaker.holder(); return now != before, fmt.Sprint(now) })
	brett.write("one")
	brett.shows("/api/timeline", "title", "one")
	wantChecked(t, exitFailed, "a blog is running", with(args, rebuild, "-redis", onRedis(t))...)

	mover := session(t, args)
	moving := make(chan error, 1)
	go func() {
		_, err := mover.Exec(t.Context(), "SELECT pg_advisory_lock($1, 1)", 0x626c6f67)
		moving <- err
	}()
	eventually(t, func() (bool, string) {
		var waits int
		err := breaker.QueryRow(t.Context(), "SELECT count(*)"+inUseLocks+" AND NOT granted", 0x626c6f67).Scan(&waits)
		return waits == 1, fmt.Sprint(waits, err)
	})
	breaker.terminate(breaker.holder())
	if err := <-moving; err != nil {
		t.Fatal(err)
	}
	blog.wantEnd(t, "another process is moving the timelines")
}

// session opens a session with the Postgres of a blog.
func session(t *testing.T, args []string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), configOf(t, args).storage.Postgres.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}
