// Package ideal has a side of which everything is known: it measures the yardstick. It is
// used by tests alone.
package ideal

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/feedmix/feed"
)

// Side has one feed, whose pages and changes take exactly so long, and that shows a post
// some time after its commit.
type Side struct {
	Posts                        []feed.Post // of its feed, the newest first
	PageTakes, ChangeTakes, Lags time.Duration

	mu    sync.Mutex
	shown map[uint64]time.Time // when what was published becomes visible
	reads int
}

// Reads returns how many pages were read.
func (s *Side) Reads() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reads
}

// Home implements feed.Side.
func (s *Side) Home(_ context.Context, _ uint32, cursor string) (feed.Page, error) {
	now := time.Now()
	time.Sleep(s.PageTakes)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	var visible []feed.Post
	for _, post := range s.Posts {
		if at, ours := s.shown[post.ID]; !ours || !now.Before(at) {
			visible = append(visible, post)
		}
	}
	from, _ := strconv.Atoi(cursor) // 0 of the empty one
	end := min(len(visible), from+feed.PageLimit)
	page := feed.Page{Posts: visible[from:end]}
	if end < len(visible) {
		page.Next = strconv.Itoa(end)
	}
	return page, nil
}

// Publish implements feed.Side.
func (s *Side) Publish(_ context.Context, post feed.Post) error {
	time.Sleep(s.ChangeTakes)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Posts = append([]feed.Post{post}, s.Posts...)
	if s.shown == nil {
		s.shown = map[uint64]time.Time{}
	}
	s.shown[post.ID] = time.Now().Add(s.Lags)
	return nil
}

// Author implements feed.Side.
func (s *Side) Author(ctx context.Context, author uint32, cursor string) (feed.Page, error) {
	return s.Home(ctx, author, cursor)
}

func (s *Side) changes() error {
	time.Sleep(s.ChangeTakes)
	return nil
}

// Edit implements feed.Side.
func (s *Side) Edit(context.Context, feed.Post) error { return s.changes() }

// Delete implements feed.Side.
func (s *Side) Delete(context.Context, feed.Post) error { return s.changes() }

// Follow implements feed.Side.
func (s *Side) Follow(context.Context, uint32, uint32) error { return s.changes() }

// Unfollow implements feed.Side.
func (s *Side) Unfollow(context.Context, uint32, uint32) error { return s.changes() }

// Fill implements feed.Side.
func (s *Side) Fill(context.Context) error { return nil }

// Settle implements feed.Side.
func (s *Side) Settle(context.Context) error { return nil }

// Written implements feed.Side.
func (s *Side) Written() feed.Written { return feed.Written{} }

// About implements feed.Side.
func (s *Side) About(context.Context) (about string, err error) { return "ideal", nil }

// Close implements feed.Side.
func (s *Side) Close() error { return nil }

// Feed returns n posts, the newest first, the last a second after feed.Start.
func Feed(n int) []feed.Post {
	var posts []feed.Post
	for i := n; i > 0; i-- {
		posts = append(posts, feed.Post{ID: uint64(i), At: feed.Start.Add(time.Duration(i) * time.Second)})
	}
	return posts
}
