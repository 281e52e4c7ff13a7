// Package pages compares the pages of feeds with what SQL says.
package pages

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/timak-go/timak/timakgorm/internal/feedmix/feed"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/tables"
)

// Wrong says in what the pages of feeds differ from what SQL says.
type Wrong struct {
	Pages int // read, or not there that should be
	Wrong int // of these, not exactly as SQL says

	Missing    int // posts that are on no page
	Extra      int // posts that should not be on any, or are on two
	Disordered int // posts that come after one that they should precede
	Stale      int // posts with another body or date

	Example string // the first wrong page
}

func (w *Wrong) add(o Wrong) {
	w.Pages += o.Pages
	w.Wrong += o.Wrong
	w.Missing += o.Missing
	w.Extra += o.Extra
	w.Disordered += o.Disordered
	w.Stale += o.Stale
	if w.Example == "" {
		w.Example = o.Example
	}
}

// What feeds are, by queries that share nothing with those of the sides.
const (
	wantedHome = `SELECT id, author_id, created_at, body FROM posts
		WHERE author_id IN (SELECT author_id FROM follows WHERE follower_id = $1) ORDER BY created_at DESC, id DESC`
	wantedAuthor = `SELECT id, author_id, created_at, body FROM posts WHERE author_id = $1 ORDER BY created_at DESC, id DESC`
)

// Check compares all pages of the feeds of users, and of their own posts, with SQL.
func Check(ctx context.Context, side feed.Side, db *sql.DB, users []uint32) (all Wrong, err error) {
	for _, user := range users {
		for _, feed := range []struct {
			name, wanted string
			read         feed.Reader
		}{{"home", wantedHome, feed.HomeOf(side, user)}, {"author", wantedAuthor, feed.AuthorOf(side, user)}} {
			want, err := tables.Read(ctx, db, feed.wanted, user)
			if err != nil {
				return all, err
			}
			got, err := pages(ctx, feed.read, len(want))
			if err != nil {
				return all, err
			}
			wrong := compare(want, got)
			if wrong.Example != "" {
				wrong.Example = fmt.Sprintf("%s of user %d: %s", feed.name, user, wrong.Example)
			}
			all.add(wrong)
		}
	}
	return all, nil
}

// pages reads all pages of a feed, and stops where it has more than twice as many as
// expected.
func pages(ctx context.Context, read feed.Reader, expected int) (all [][]feed.Post, err error) {
	most := 2*expected/feed.PageLimit + 2
	err = read.Walk(ctx, func(page feed.Page) bool {
		if len(page.Posts) > 0 || len(all) > 0 || page.Next != "" {
			all = append(all, page.Posts)
		}
		return len(all) < most
	})
	return all, err
}

// compare compares pages with the posts of a feed, in order.
func compare(want []feed.Post, got [][]feed.Post) Wrong {
	var w Wrong
	w.count(want, got)
	for i := 0; i < len(got) || i*feed.PageLimit < len(want); i++ {
		var page, right []feed.Post
		if i < len(got) {
			page = got[i]
		}
		if from := i * feed.PageLimit; from < len(want) {
			right = want[from:min(from+feed.PageLimit, len(want))]
		}
		w.Pages++
		if !same(page, right) {
			w.Wrong++
			if w.Example == "" {
				w.Example = fmt.Sprintf("page %d has %v, expected %v", i+1, described(page), described(right))
			}
		}
	}
	return w
}

// count counts the posts that are wrong, and how.
func (w *Wrong) count(want []feed.Post, got [][]feed.Post) {
	rank := map[uint64]int{}
	for i, post := range want {
		rank[post.ID] = i
	}
	met, last := map[uint64]bool{}, -1
	for _, page := range got {
		for _, post := range page {
			i, wanted := rank[post.ID]
			if !wanted || met[post.ID] {
				w.Extra++
				continue
			}
			met[post.ID] = true
			if i < last {
				w.Disordered++
			}
			last = max(last, i)
			if !equal(post, want[i]) {
				w.Stale++
			}
		}
	}
	w.Missing = len(want) - len(met)
}

// same reports whether a page is what it should be.
func same(page, right []feed.Post) bool {
	if len(page) != len(right) {
		return false
	}
	for i := range page {
		if page[i].ID != right[i].ID || !equal(page[i], right[i]) {
			return false
		}
	}
	return true
}

// equal reports whether two posts of one id show the same. Not every side tells whose
// they are.
func equal(a, b feed.Post) bool { return a.At.Equal(b.At) && a.Body == b.Body }

func described(page []feed.Post) []string {
	var ids []string
	for _, post := range page {
		body := post.Body
		if len(body) > 8 {
			body = body[:8] + "…"
		}
		ids = append(ids, fmt.Sprint(post.ID, " ", body))
	}
	return ids
}
