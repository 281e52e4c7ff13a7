package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/redistest"
	"github.com/timak-go/timak/timakgorm"
)

// A rebuild that moves the timelines and cannot make them all says so, and the blog does not
// start with them.
func TestMove_remain(t *testing.T) {
	t.Parallel()
	server := redistest.NewServer(t) // keeps nothing on disk
	inFile := places["SQLite"](t)
	inRedis := append(inFile, "-redis", server.URL())
	blog := start(t, inFile...)
	blog.signUp(t, "brett").write("one")
	blog.stop(t)
	withTimelines(t, inRedis, func(timelines *timak.Timelines) {
		nextWeek := time.Now().AddDate(0, 0, 7).UnixMicro()
		if _, err := timelines.Apply(t.Context(), "site:posts", timak.Remove("posts:1").WithVersion(nextWeek)); err != nil {
			t.Fatal(err)
		}
	})

	wantChecked(t, exitDiffers, "1 remain", with(inRedis, rebuild)...)
	wantChecked(t, exitDiffers, "not all timelines could be made in Redis", with(inRedis, rebuild)...)
	wantRefused(t, "the timelines in Redis are not all made", inRedis...)
	for _, do := range []func() error{server.Kill, func() error { return server.Start(t.Context()) }} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
	}
	wantChecked(t, exitClean, "0 remain", with(inRedis, rebuild)...)
	caller{t: t, url: start(t, inRedis...).url}.shows("/api/timeline", "title", "one")
}

// Unplaceable rows are no reason to make the timelines again. Whoever goes on where a
// comparison was stopped knows nothing of what that could not repair.
func TestWhole(t *testing.T) {
	t.Parallel()
	stopped := context.Canceled
	for _, c := range []struct {
		remaining int
		err, want error
		from      string
	}{
		{1, nil, nil, "x"}, {2, nil, errRemain, "x"}, {1, stopped, stopped, "x"}, {2, stopped, stopped, ""},
	} {
		got, err := whole(timakgorm.Report{Remaining: c.remaining, Unplaceable: 1, From: "x"}, c.err)
		if !errors.Is(err, c.want) || got.From != c.from {
			t.Errorf("%+v: got %v and From %q", c, err, got.From)
		}
	}
}

// What a move that was stopped has left in a store does not come back with a later one.
func TestMove_stoppedThenBack(t *testing.T) {
	t.Parallel()
	inFile := places["SQLite"](t)
	inRedis := append(inFile, "-redis", onRedis(t))
	first := start(t, inFile...)
	brett, anna := first.signUp(t, "brett"), first.signUp(t, "anna")
	anna.want(http.StatusNoContent, "PUT", "/api/users/brett/follow", "", nil)
	brett.write("one")
	first.stop(t)

	killed := errors.New("killed")
	stopMove(t, inRedis, func(c check, o opened) error {
		_, err := c.compare(t.Context(), o, &output{})
		return errors.Join(err, killed)
	}, killed)

	wantChecked(t, exitClean, "the timelines match the tables", with(inFile, rebuild)...)
	second := start(t, inFile...)
	anna.url = second.url
	anna.shows("/api/home", "title", "one")
	anna.want(http.StatusNoContent, "DELETE", "/api/users/brett/follow", "", nil)
	second.stop(t)

	wantChecked(t, exitClean, "1 extra", with(inRedis, rebuild)...)
	third := start(t, inRedis...)
	anna.url = third.url
	anna.shows("/api/home", "title", "")
	third.wantClean(t, inRedis)
}

// stopMove begins to move the timelines of a blog that is not running, and stops in do.
func stopMove(t *testing.T, args []string, do func(check, opened) error, want error) {
	t.Helper()
	c, err := parseCheck(rebuild, args, noEnv, &output{}, &output{})
	if err != nil {
		t.Fatal(err)
	}
	err = withBlog(t.Context(), c.config, quiet(), func(o opened) error {
		return o.use.Move(t.Context(), false, func(bool) error { return do(c, o) })
	})
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
}

// A move in order is no loss: neither rebuild nor the blog says that the store has lost
// timelines.
func TestMove_noLoss(t *testing.T) {
	t.Parallel()
	inFile := places["SQLite"](t)
	inRedis, inOther := append(with(inFile), "-redis", onRedis(t)), append(with(inFile), "-redis", onRedis(t))
	blog := start(t, inFile...)
	blog.signUp(t, "brett").write("one")
	blog.stop(t)
	for _, to := range [][]string{inRedis, inOther, inFile} {
		code, stdout, stderr := checked(with(to, rebuild)...)
		if code != exitClean || strings.Contains(stderr, "level=") {
			t.Errorf("got exit code %d, %s%s; want no log", code, stdout, stderr)
		}
		wantNoLoss(t, to)
	}
}

// wantNoLoss runs a blog, and fails the test if it misses something in its store.
func wantNoLoss(t *testing.T, args []string) {
	t.Helper()
	blog := start(t, args...)
	blog.wantClean(t, args)
	blog.stop(t)
	if log := blog.stderr.String(); strings.Contains(log, "lost") {
		t.Errorf("got %s", log)
	}
	if lost := tables(t, args).count("SELECT count(*) FROM timak_marks WHERE lost_at IS NOT NULL"); lost > 0 {
		t.Errorf("%d marks are lost", lost)
	}
}

// A move that is stopped, and continued with -from, is none either.
func TestMove_noLossResumed(t *testing.T) {
	t.Parallel()
	inFile := places["SQLite"](t)
	inRedis, inOther := append(with(inFile), "-redis", onRedis(t)), append(with(inFile), "-redis", onRedis(t))
	blog := start(t, inRedis...)
	blog.signUp(t, "brett").write("one")
	blog.stop(t)
	manyAuthors(t, inFile)
	for _, to := range [][]string{inFile, inOther} {
		from := stoppedMove(t, to)
		wantChecked(t, exitClean, "0 remain", with(to, rebuild, "-from", from)...)
		wantNoLoss(t, to)
	}
}

// What the store loses before a move goes on is a loss.
func TestMove_lostOnTheWay(t *testing.T) {
	t.Parallel()
	inFile := places["SQLite"](t)
	inRedis := append(inFile, "-redis", onRedis(t))
	blog := start(t, inFile...)
	blog.signUp(t, "brett").write("one")
	blog.stop(t)
	manyAuthors(t, inFile)
	from := stoppedMove(t, inRedis)
	tables(t, inFile).exec("UPDATE timak_marks SET lost_at = 1")
	wantChecked(t, exitFailed, "Redis has lost timelines meanwhile: run this command again, without -from", with(inRedis, rebuild, "-from", from)...)
	wantRefused(t, "the timelines in Redis are not all made", inRedis...)
	wantChecked(t, exitClean, "the timelines match the tables", with(inRedis, rebuild)...)
	wantNoLoss(t, inRedis)
}

// manyAuthors gives a blog on SQLite more timelines than a check reads at once.
func manyAuthors(t *testing.T, args []string) {
	t.Helper()
	tables(t, args).exec(`WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i+1 FROM n WHERE i < 120)
		INSERT INTO posts (id, author_id, author_name, title, body, draft, created_at, updated_at, published_at)
		SELECT i, i, 'x', 't', '', false, '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00' FROM n`)
}

// stoppedMove stops a move on its way, and returns where to continue.
func stoppedMove(t *testing.T, to []string) (from string) {
	t.Helper()
	stopMove(t, to, func(c check, o opened) error {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if err := c.prepare(ctx, o); err != nil {
			return err
		}
		report, err := o.blog.Verify(ctx, timakgorm.VerifyOptions{Repair: true, Progress: func(p timakgorm.Progress) {
			if p.From != "" {
				cancel()
			}
		}})
		from = report.From
		return err
	}, context.Canceled)
	if from == "" {
		t.Fatal("it was not stopped on its way")
	}
	return from
}
