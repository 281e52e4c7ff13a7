//go:build unix

package main

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// servers are the places that several blogs can share. Each returns the arguments of a new
// blog.
var servers = map[string]func(t *testing.T) []string{
	"Postgres":           places["Postgres"],
	"Postgres and Redis": places["Postgres and Redis"],
	"Postgres and Riak":  places["Postgres and Riak"],
}

// Several blogs on the same servers act as one, and leave the data folder alone: readers of
// each see what is written with the other.
func TestSeveral(t *testing.T) {
	t.Parallel()
	for name, place := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := filepath.Join(t.TempDir(), "none")
			args := append([]string{"-data", folder}, place(t)...)
			one, other := start(t, args...), start(t, args...)
			brett, anna := one.signUp(t, "brett"), other.signUp(t, "anna")
			anna.want(http.StatusNoContent, "PUT", "/api/users/brett/follow", "", nil)
			brett.write("one")
			post := caller{t, other.url, brett.token}.write("two")
			comments := fmt.Sprintf("/api/posts/%d/comments", post.ID)
			anna.want(http.StatusCreated, "POST", comments, `{"body":"hm"}`, nil)
			for _, blog := range []*running{one, other} {
				reader := caller{t, blog.url, anna.token}
				for _, path := range []string{"/api/timeline", "/api/users/brett/posts", "/api/home"} {
					reader.shows(path, "title", "two one")
				}
				reader.shows(comments, "body", "hm")
				for _, path := range []string{"/", "/users/brett", "/home"} {
					blog.browser(t).as(anna).lists(path, "two one")
				}
			}
			caller{t, one.url, brett.token}.want(http.StatusNoContent, "DELETE", fmt.Sprintf("/api/posts/%d", post.ID), "", nil)
			caller{t, other.url, anna.token}.shows("/api/home", "title", "one")
			one.stop(t)
			caller{t, other.url, brett.token}.write("three")
			anna.shows("/api/home", "title", "three one")
			other.wantClean(t, args)
			if _, err := os.Stat(folder); !os.IsNotExist(err) {
				t.Errorf("the data folder: got %v, want none", err)
			}
		})
	}
}

// A page of one blog is told of what is written and delivered by another.
func TestSeveral_live(t *testing.T) {
	t.Parallel()
	args := places["Postgres"](t)
	one, other := start(t, args...), start(t, args...)
	stream, brett := one.stream(t), other.signUp(t, "brett")
	brett.write("one")
	stream.says(1)
	other.stop(t)
	caller{t, one.url, brett.token}.write("two")
	stream.says(2)
}

// Of several blogs that are started at once on an empty database, each starts.
func TestSeveral_startAtOnce(t *testing.T) {
	t.Parallel()
	args := places["Postgres"](t)
	blogs := make([]*running, 8)
	for i := range blogs {
		blogs[i] = starting(args...)
		t.Cleanup(func() { blogs[i].stop(t) })
	}
	for _, blog := range blogs {
		blog.url = address(t, blog.stdout, blog.stderr)
	}
	blogs[0].signUp(t, "brett").write("one")
	for _, blog := range blogs {
		caller{t: t, url: blog.url}.shows("/api/timeline", "title", "one")
	}
}

// Of two blogs that are started at once on an empty database with different stores, only one
// starts.
func TestSeveral_startWithDifferentStores(t *testing.T) {
	t.Parallel()
	args := places["Postgres"](t)
	blogs := []*running{starting(args...), starting(append(args, "-redis", onRedis(t))...)}
	refused := 0
	eventually(t, func() (bool, string) {
		for i, blog := range blogs {
			if strings.Contains(blog.stderr.String(), "the timelines of this database are in") {
				refused = i
				return true, ""
			}
		}
		return false, fmt.Sprint(blogs[0].stderr, blogs[1].stderr)
	})
	blogs[refused].wantEnd(t, "the timelines of this database are in")
	other := blogs[1-refused]
	other.url = address(t, other.stdout, other.stderr)
	other.signUp(t, "brett").write("one")
	other.stop(t)
}

// Of two blogs one is killed in the middle of work: the other delivers what it leaves.
func TestSeveral_killed(t *testing.T) {
	t.Parallel()
	program := build(t)
	for name, place := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := place(t)
			blogs := launchAll(t, program, 2, args...)
			killed, other := blogs[0], blogs[1]
			brett := killed.signUp(t, "brett")
			anna := other.signUp(t, "anna")
			anna.want(http.StatusNoContent, "PUT", "/api/users/brett/follow", "", nil)

			kill := func() {
				if err := killed.process.Process.Kill(); err != nil {
					t.Error(err)
				}
			}
			acknowledged := writeUntilGone(brett, 4, kill)
			acknowledged["posts:"+fmt.Sprint(caller{t, other.url, brett.token}.write("after").ID)] = true
			for _, path := range []string{"/api/timeline", "/api/users/brett/posts", "/api/home"} {
				anna.showsAll(path, acknowledged)
			}
			for _, blog := range blogs[1:] {
				terminate(t, blog.process)
				if err := blog.process.Wait(); err != nil {
					t.Errorf("after SIGTERM: %v: %s", err, blog.stderr)
				}
			}
			wantChecked(t, exitClean, "the timelines match the tables", append([]string{verify}, args...)...)
		})
	}
}

// What a blog has committed when it is killed, and not delivered, another one delivers.
func TestSeveral_killedBeforeDelivery(t *testing.T) {
	t.Parallel()
	args := places["Postgres"](t)
	process, killed := launch(t, build(t), args...)
	brett := killed.signUp(t, "brett")
	other := start(t, args...)

	holding, err := session(t, args).Begin(t.Context())
	if err == nil {
		_, err = holding.Exec(t.Context(), "LOCK TABLE timak_timelines IN SHARE MODE") // nobody writes a timeline
	}
	if err != nil {
		t.Fatal(err)
	}
	brett.write("one")
	brett.write("two")
	if err := process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if n := tables(t, args).count("SELECT count(*) FROM timak_outbox"); n < 2 {
		t.Errorf("%d changes wait, want 2", n)
	}
	reader := caller{t: t, url: other.url}
	reader.shows("/api/timeline", "title", "")
	if err := holding.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	reader.shows("/api/timeline", "title", "two one")
	other.wantClean(t, args)
}

// launched is a blog in a process of its own.
type launched struct {
	*running
	process *exec.Cmd
}

// launchAll starts some programs at the same time.
func launchAll(t *testing.T, program string, n int, args ...string) []launched {
	t.Helper()
	blogs := make([]launched, n)
	for i := range blogs {
		blogs[i] = begin(t, program, args...)
	}
	for _, blog := range blogs {
		blog.url = address(t, blog.stdout, blog.stderr)
	}
	return blogs
}

// showsAll waits until a timeline has all these items.
func (c caller) showsAll(path string, ids map[string]bool) {
	c.t.Helper()
	eventually(c.t, func() (bool, string) {
		missing := maps.Clone(ids)
		for _, item := range c.page(path + "?limit=1000").Items {
			delete(missing, item.ID)
		}
		return len(missing) == 0, fmt.Sprintf("not on %s: %v", path, missing)
	})
}
