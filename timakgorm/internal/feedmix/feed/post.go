package feed

import (
	"math/rand/v2"
	"time"
)

// Post is what users write.
type Post struct {
	ID     uint64
	Author uint32
	At     time.Time
	Body   string
}

// letters are those of a body: 64, so that a good compressor saves a quarter.
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// NewBody draws a text.
func NewBody(size int, r *rand.Rand) string {
	text := make([]byte, size)
	for i := range text {
		text[i] = letters[r.IntN(len(letters))]
	}
	return string(text)
}

// Start is the date of the first post that is written while it is measured. The dates of
// posts are those of the script, so that they are the same on each run.
var Start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// history is the time before it, in which the first posts were written.
const history = 30 * 24 * time.Hour

// FirstPosts draws the posts that are there to begin with: rounds of one by each user, in
// an order of its own, evenly over a month.
func FirstPosts(users, each, size int, r *rand.Rand) []Post {
	posts := make([]Post, 0, users*each)
	step := history / time.Duration(max(1, users*each))
	for range each {
		for _, user := range r.Perm(users) {
			n := len(posts)
			at := Start.Add(-history + time.Duration(n)*step).Truncate(time.Microsecond)
			posts = append(posts, Post{ID: uint64(n + 1), Author: uint32(user + 1), At: at, Body: NewBody(size, r)})
		}
	}
	return posts
}
