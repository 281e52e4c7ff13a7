package browser_test

import (
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/seed"
)

// today is when the newest post of a town was published.
var today = time.Date(2026, time.May, 17, 9, 30, 0, 0, time.UTC)

const password = "correct horse"

// town is a blog with users, posts and comments, which are the same each time.
type town struct {
	*site

	authors []string // the busiest first
}

func newTown(t *testing.T, users, posts int) town {
	t.Helper()
	s := newSite(t)
	authors, err := seed.Run(t.Context(), s.blog, seed.Plan{Users: users, Posts: posts, Password: password, Now: today}, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	return town{s, authors}
}

// logIn logs a user in.
func (b *tab) logIn(name, password string) {
	b.t.Helper()
	b.open("/login")
	b.fill("Name", name)
	b.fill("Password", password)
	b.click("Log in")
	b.sees("You are logged in.")
}

// long is a user with the longest name there can be, who has written what is hard to lay out.
const long = "a-name_of-thirty-two-characters_"

// The paths of a post and a draft of the user, in a town of 60 other posts.
const (
	longPost  = "/posts/61"
	longDraft = "/posts/63"
)

// addLong adds the user, who follows an author, posts, and comments like them.
func (w town) addLong(t *testing.T) {
	t.Helper()
	hash, err := blog.HashPassword(password)
	if err != nil {
		t.Fatal(err)
	}
	user, err := blog.NewUser(long, hash)
	if err != nil {
		t.Fatal(err)
	}
	user.About, user.CreatedAt = strings.Repeat("w", 500), today
	rows := blog.Rows{Users: []blog.User{user}}
	w.fill(t, &rows)
	user = rows.Users[0]
	author, err := w.blog.User(t.Context(), w.authors[0])
	if err != nil {
		t.Fatal(err)
	}
	published, edited := today, today.Add(time.Hour)
	rows = blog.Rows{
		Follows: []blog.Follow{{FollowerID: user.ID, AuthorID: author.ID, CreatedAt: today}, {FollowerID: author.ID, AuthorID: user.ID, CreatedAt: today}},
		Posts: []blog.Post{
			{Title: strings.Repeat("W", 200), Body: wideText, PublishedAt: &published, EditedAt: &edited},
			{Title: strings.Repeat("مرحبا", 40), Body: "- " + strings.Repeat("م", 300), PublishedAt: &published},
			{Title: "A draft of " + strings.Repeat("w", 180), Body: wideText, Draft: true},
		},
	}
	for i := range rows.Posts {
		rows.Posts[i].AuthorID, rows.Posts[i].AuthorName, rows.Posts[i].CreatedAt, rows.Posts[i].UpdatedAt = user.ID, user.Name, today, today
	}
	w.fill(t, &rows)
	id := rows.Posts[0].ID // longPost
	w.fill(t, &blog.Rows{Comments: []blog.Comment{
		{PostID: id, AuthorID: user.ID, AuthorName: user.Name, Body: strings.Repeat("w", 2000), CreatedAt: today},
		{PostID: id, AuthorID: author.ID, AuthorName: author.Name, Body: "`" + strings.Repeat("w", 300) + "`\n\n> a quote\n\n1. a list", CreatedAt: today},
	}})
}

func (w town) fill(t *testing.T, rows *blog.Rows) {
	t.Helper()
	if err := w.blog.Fill(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
}

// wideText has all that Markdown can make wide.
var wideText = strings.Join([]string{
	strings.Repeat("w", 400),
	"## " + strings.Repeat("H", 100),
	"#### Below another",
	"Some **bold**, *italic*, `code`, and [a link](https://example.com/" + strings.Repeat("w", 200) + ").",
	"https://example.com/" + strings.Repeat("w", 200),
	"```\n" + strings.Repeat("w ", 200) + "\n```",
	"|" + strings.Repeat(" column |", 30) + "\n|" + strings.Repeat("---|", 30) + "\n|" + strings.Repeat(" cell |", 30),
	"> > " + strings.Repeat("q", 200),
	"- a\n  - b\n    - c\n      - " + strings.Repeat("l", 200),
	"`" + strings.Repeat("c", 200) + "`",
	"---",
}, "\n\n")
