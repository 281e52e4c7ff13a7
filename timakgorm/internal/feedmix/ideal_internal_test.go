package feedmix

import (
	"context"
	"strconv"
	"sync"
	"time"
)

// ideal is a side of which everything is known: one feed, whose pages and changes take
// exactly so long, and that shows a post some time after its commit. It measures the
// yardstick.
type ideal struct {
	feed                    []Post // the newest first
	page, change, invisible time.Duration

	mu    sync.Mutex
	shown map[uint64]time.Time // when what was published becomes visible
	reads int
}

func (s *ideal) Home(_ context.Context, _ uint32, cursor string) (Page, error) {
	now := time.Now()
	time.Sleep(s.page)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	var visible []Post
	for _, post := range s.feed {
		if at, ours := s.shown[post.ID]; !ours || !now.Before(at) {
			visible = append(visible, post)
		}
	}
	from, _ := strconv.Atoi(cursor) // 0 of the empty one
	end := min(len(visible), from+pageLimit)
	page := Page{Posts: visible[from:end]}
	if end < len(visible) {
		page.Next = strconv.Itoa(end)
	}
	return page, nil
}

func (s *ideal) Publish(_ context.Context, post Post) error {
	time.Sleep(s.change)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.feed = append([]Post{post}, s.feed...)
	if s.shown == nil {
		s.shown = map[uint64]time.Time{}
	}
	s.shown[post.ID] = time.Now().Add(s.invisible)
	return nil
}

func (s *ideal) Author(ctx context.Context, author uint32, cursor string) (Page, error) {
	return s.Home(ctx, author, cursor)
}

func (s *ideal) changes() error {
	time.Sleep(s.change)
	return nil
}

func (s *ideal) Edit(context.Context, Post) error                { return s.changes() }
func (s *ideal) Delete(context.Context, Post) error              { return s.changes() }
func (s *ideal) Follow(context.Context, uint32, uint32) error    { return s.changes() }
func (s *ideal) Unfollow(context.Context, uint32, uint32) error  { return s.changes() }
func (s *ideal) Fill(context.Context) error                      { return nil }
func (s *ideal) Settle(context.Context) error                    { return nil }
func (s *ideal) Written() Written                                { return Written{} }
func (s *ideal) About(context.Context) (about string, err error) { return "ideal", nil }
func (s *ideal) Close() error                                    { return nil }

// feedOf returns n posts, the newest first, the last of the date start.
func feedOf(n int) []Post {
	var posts []Post
	for i := n; i > 0; i-- {
		posts = append(posts, Post{ID: uint64(i), At: start.Add(time.Duration(i) * time.Second)})
	}
	return posts
}
