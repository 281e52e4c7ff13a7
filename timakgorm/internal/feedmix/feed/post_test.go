package feed_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/feedmix/feed"
)

// TestFirstPosts: so many by each, each after the one before, within the month.
func TestFirstPosts(t *testing.T) {
	t.Parallel()
	posts := feed.FirstPosts(50, 10, 256, rand.New(rand.NewPCG(1, 2)))
	count := map[uint32]int{}
	for i, post := range posts {
		count[post.Author]++
		if post.ID != uint64(i+1) || len(post.Body) != 256 || i > 0 && !post.At.After(posts[i-1].At) {
			t.Errorf("post %d is %+v", i, post)
		}
	}
	for user := uint32(1); user <= 50; user++ {
		if count[user] != 10 {
			t.Errorf("user %d has %d posts", user, count[user])
		}
	}
	if month := posts[len(posts)-1].At.Sub(posts[0].At); month > 30*24*time.Hour || month < 29*24*time.Hour {
		t.Errorf("they span %v", month)
	}
}
