package main

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// A seeded blog has what was asked for, its timelines match its tables, and its users log in.
// More may be added.
func TestSeed(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	var stdout, stderr output
	for range 2 {
		if code := run(t.Context(), []string{seedCommand, "-data", folder, "-posts", "60", "-users", "45"}, noEnv, &stdout, &stderr); code != 0 {
			t.Fatalf("got exit code %d, %s%s", code, &stdout, &stderr)
		}
	}
	wantChecked(t, exitClean, "the timelines match the tables", verify, "-data", folder)
	of := tables(t, []string{"-data", folder})
	if users, posts, comments := of.count("SELECT count(*) FROM users"), of.count("SELECT count(*) FROM posts"), of.count("SELECT count(*) FROM comments"); users != 90 || posts != 120 || comments == 0 {
		t.Errorf("got %d users, %d posts, %d comments", users, posts, comments)
	}
	if late := of.count("SELECT count(*) FROM posts p JOIN comments c ON c.post_id = p.id WHERE c.created_at < p.published_at"); late > 0 {
		t.Errorf("%d comments are older than their posts", late)
	}
	told := regexp.MustCompile(`45 users have written 60 posts. Log in as (\w+), .* with the password (\w+)\n`).FindStringSubmatch(stdout.String())
	if told == nil {
		t.Fatalf("got %s", &stdout)
	}
	blog := start(t, "-data", folder)
	nobody := caller{t: t, url: blog.url}
	var session struct{ Token string }
	nobody.want(http.StatusOK, "POST", "/api/login", fmt.Sprintf(`{"name":%q,"password":%q}`, told[1], told[2]), &session)
	if page := (caller{t, blog.url, session.Token}).page("/api/home?limit=5"); len(page.Items) != 5 {
		t.Errorf("the busiest author's home has %d posts", len(page.Items))
	}
	if page := blog.browser(t).get("/"); page.status != http.StatusOK || len(shownTitles(page)) != 10 {
		t.Errorf("the front page: got %d %s", page.status, page.body)
	}
}

func TestSeed_usage(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"-h"}, 0, "-posts number"},
		{[]string{"-users", "0"}, 2, "expected -users of 1 or more"},
		{[]string{"-posts", "-1"}, 2, "-posts of 0 or more"},
		{[]string{"-addr", "x"}, 2, "not defined: -addr"},
	} {
		code, stdout, stderr := checked(append([]string{seedCommand}, test.args...)...)
		if code != test.code || !strings.Contains(stdout+stderr, test.says) {
			t.Errorf("%v: got %d, %s%s", test.args, code, stdout, stderr)
		}
	}
}
