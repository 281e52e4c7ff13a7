package endtoend_test

import (
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// Fan subscribes a reader to an author. The feeds are small, so that they are often full.
type Fan struct {
	ReaderID uint `gorm:"primaryKey;autoIncrement:false"`
	AuthorID uint `gorm:"primaryKey;autoIncrement:false"`

	_ timakgorm.Subscription `timak:"audience=fans; key=fan:{ReaderID}:home; source=author:{AuthorID}; max=4"`
}

// feedMax is the max of Fan.
const feedMax = 4

// soakReaders is how many readers there are.
const soakReaders = 4

// soakTracked are the models of the soak: posts are published, too.
func soakTracked() []any {
	published := timakgorm.Rule{Audience: "fans", Source: "author:{AuthorID}", When: "Published", Data: []string{"Title"}}
	return []any{timakgorm.Track[world.Post](published), &Fan{}}
}

// follow has a reader follow an author, or follow it no more.
func (h *soakHistory) follow() {
	fan := Fan{ReaderID: uint(1 + h.IntN(soakReaders)), AuthorID: uint(h.Author())}
	if h.IntN(2) == 0 {
		_ = h.DB.Create(&fan).Error
	} else {
		_ = h.DB.Delete(&fan).Error
	}
}

// fillFeeds leaves no feed empty, and each of them full: with posts that are newer than all
// others, as a timeline takes none from where it may lack some.
func (s *soak) fillFeeds() {
	s.Helper()
	last := time.Now().Add(time.Hour)
	for n := range feedMax + 2 {
		s.Must(s.DB.Create(&world.Post{AuthorID: 0, Title: "last", Published: true, CreatedAt: last.Add(time.Duration(n) * time.Minute)}).Error)
	}
	for reader := range soakReaders {
		s.Must(s.DB.Clauses(clause.OnConflict{DoNothing: true}).Create(&Fan{ReaderID: uint(reader + 1), AuthorID: 0}).Error)
	}
}

// checkFeeds compares all pages of every feed with what a query returns that knows nothing
// of rules, and what the timeline itself shows with the first of them.
func (s *soak) checkFeeds() {
	s.Helper()
	for reader := range soakReaders {
		key := timakgorm.Key("fan:{}:home", reader+1)
		var posts []world.Post
		s.Must(s.DB.Where("published AND author_id IN (SELECT author_id FROM fans WHERE reader_id = ?)", reader+1).Find(&posts).Error)
		slices.SortFunc(posts, func(a, b world.Post) int {
			if timak.NewestFirst.Before(itemOf(a), itemOf(b)) {
				return -1
			}
			return 1
		})
		var want, got []string
		for _, post := range posts {
			want = append(want, itemOf(post).ID)
		}
		query := timak.Query{Limit: 5}
		for more := true; more; {
			page, err := s.Plugin.Page(s.Context(), key, query)
			s.Must(err)
			for _, item := range page.Items {
				got = append(got, item.ID)
			}
			more, query.Cursor = page.More, page.Next
		}
		if !slices.Equal(got, want) {
			s.Errorf("%s: got %v, want %v", key, got, want)
		}
		if n := len(s.IDs(key)); n != feedMax {
			s.Errorf("%s: %d of %d posts are on the timeline, want %d", key, n, len(want), feedMax)
		}
	}
}

func itemOf(post world.Post) timak.Item {
	return timak.Item{ID: fmt.Sprint("posts:", post.ID), At: post.CreatedAt}
}
