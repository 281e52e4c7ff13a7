package audience_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// Subscribe is a reader who follows an author; Story is what authors publish.
type Subscribe struct {
	ReaderID  uint `gorm:"primaryKey;autoIncrement:false"`
	AuthorID  uint `gorm:"primaryKey;autoIncrement:false"`
	Muted     bool
	DeletedAt gorm.DeletedAt

	_ timakgorm.Subscription `timak:"audience=stories; key=reader:{ReaderID}:home; source=author:{AuthorID}; when=!Muted"`
}

type Story struct {
	ID        uint
	AuthorID  uint
	Title     string
	Published bool
	CreatedAt time.Time
	DeletedAt gorm.DeletedAt

	_ timakgorm.Timeline `timak:"audience=stories; source=author:{AuthorID}; when=Published; data=Title"`
}

func feeds(t *testing.T, dialect string, by timakgorm.Capture) *world.World {
	t.Helper()
	return feedsOver(t, world.Setup{Dialect: dialect}, by)
}

func feedsOver(t *testing.T, s world.Setup, by timakgorm.Capture) *world.World {
	t.Helper()
	s.Models = []any{&Subscribe{}, &Story{}}
	s.Tracked = s.Models
	return world.NewBy(t, by, s)
}

func home(reader int) string { return fmt.Sprintf("reader:%d:home", reader) }

func story(id, author uint) *Story {
	return &Story{ID: id, AuthorID: author, Title: fmt.Sprint("t", id), Published: true, CreatedAt: world.At(int(id))}
}

// Following fills a feed, unfollowing takes exactly that away, and what happens to a
// story reaches the feeds that show it.
func TestFeeds(t *testing.T) {
	t.Parallel()
	world.OnBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		w := feeds(t, dialect, by)
		w.Must(w.DB.Create([]*Story{story(1, 1), story(2, 2), story(3, 1)}).Error)
		w.Must(w.DB.Create(&[]Subscribe{{ReaderID: 7, AuthorID: 1}, {ReaderID: 8, AuthorID: 2}}).Error)
		w.WantIDs(home(7), "stories:3", "stories:1")
		w.WantIDs(home(8), "stories:2")
		w.Must(w.DB.Create(story(4, 1)).Error)
		w.WantIDs(home(7), "stories:4", "stories:3", "stories:1")
		w.Must(w.DB.Create(&Subscribe{ReaderID: 7, AuthorID: 2}).Error)
		w.WantIDs(home(7), "stories:4", "stories:3", "stories:2", "stories:1")
		w.Must(w.DB.Unscoped().Delete(&Subscribe{ReaderID: 7, AuthorID: 1}).Error)
		w.WantIDs(home(7), "stories:2")
		w.Must(w.DB.Model(&Story{ID: 2}).Update("title", "new").Error)
		w.WantData(home(7), `{"title":"new"}`)
		w.Must(w.DB.Model(&Story{ID: 3}).Update("author_id", 2).Error) // to another source
		w.WantIDs(home(7), "stories:3", "stories:2")
		w.Must(w.DB.Model(&Story{ID: 2}).Update("published", false).Error)
		w.WantIDs(home(8), "stories:3")
		w.Must(w.DB.Delete(&Story{ID: 3}).Error)
		w.WantIDs(home(7))
		w.WantIDs(home(8))
	})
}

// A subscription counts while it is there, its condition holds, and it is not
// soft-deleted; one that moves ends and begins.
func TestFeeds_subscription(t *testing.T) {
	t.Parallel()
	world.OnBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		w := feeds(t, dialect, by)
		w.Must(w.DB.Create([]*Story{story(1, 1), story(2, 2)}).Error)
		w.Must(w.DB.Create(&Subscribe{ReaderID: 7, AuthorID: 1, Muted: true}).Error)
		w.WantIDs(home(7))
		one := func() *gorm.DB { return w.DB.Model(&Subscribe{}).Where("reader_id = 7") }
		w.Must(one().Update("muted", false).Error)
		w.WantIDs(home(7), "stories:1")
		w.Must(one().Update("author_id", 2).Error)
		w.WantIDs(home(7), "stories:2")
		w.Must(one().Update("reader_id", 9).Error)
		w.WantIDs(home(7))
		w.WantIDs(home(9), "stories:2")
		w.Must(w.DB.Where("reader_id = 9").Delete(&Subscribe{}).Error)
		w.WantIDs(home(9))
		w.Must(w.DB.Unscoped().Model(&Subscribe{}).Where("reader_id = 9").Update("deleted_at", nil).Error)
		w.WantIDs(home(9), "stories:2")
	})
}

// TestFeeds_again: un- and re-subscribing in any order of relaying comes to what holds
// in the end.
func TestFeeds_again(t *testing.T) {
	t.Parallel()
	world.OnBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		w := feeds(t, dialect, by)
		w.Must(w.DB.Create(story(1, 1)).Error)
		on := func() { w.Must(w.DB.Create(&Subscribe{ReaderID: 7, AuthorID: 1}).Error) }
		off := func() { w.Must(w.DB.Unscoped().Delete(&Subscribe{ReaderID: 7, AuthorID: 1}).Error) }
		on()
		off()
		w.Must(w.DB.Create(story(2, 1)).Error)
		on()
		w.WantIDs(home(7), "stories:2", "stories:1")
		off()
		w.Drain()
		on()
		off()
		w.WantIDs(home(7))
		on()
		w.WantIDs(home(7), "stories:2", "stories:1")
	})
}

// Topic publishes with a source of any length, into an audience of its own.
type Topic struct {
	ID        uint
	Name      string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"audience=topics; source=topic:{Name}"`
}

// Interest subscribes to topics, if it has a reader and a name.
type Interest struct {
	ID     uint
	Reader *uint
	Name   *string

	_ timakgorm.Subscription `timak:"audience=topics; key=reader:{Reader}:topics; source=topic:{Name}; max=2"`
}

// A subscription without a key or a source subscribes to nothing; a source that is too
// long is a dead letter, and the others go on.
func TestFeeds_badInput(t *testing.T) {
	t.Parallel()
	world.OnBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		models := []any{&Topic{}, &Interest{}}
		w := world.NewBy(t, by, world.Setup{Dialect: dialect, Models: models, Tracked: models})
		long := strings.Repeat("x", 600)
		w.Must(w.DB.Create(&[]Interest{{ID: 1, Reader: new(uint(7)), Name: new("a")}, {ID: 2, Name: new("a")}, {ID: 3, Reader: new(uint(7))}, {ID: 4, Reader: new(uint(7)), Name: &long}}).Error)
		w.Must(w.DB.Create(&[]Topic{{ID: 1, Name: "a", CreatedAt: world.At(1)}, {ID: 2, Name: long}, {ID: 3, Name: "a", CreatedAt: world.At(3)}, {ID: 4, Name: "a", CreatedAt: world.At(4)}}).Error)
		w.WantIDs("reader:7:topics", "topics:4", "topics:3")
		letters := w.Letters(timakgorm.DeadLetterQuery{})
		if len(letters) != 2 || !strings.Contains(letters[0].Error, "source") || !strings.Contains(letters[1].Error, "source") {
			t.Errorf("got %+v, want a dead letter of the interest and of the topic whose source is too long", letters)
		}
		w.Must(w.DB.Create(&Interest{ID: 5, Reader: new(uint(8)), Name: new("a")}).Error)
		w.WantIDs("reader:8:topics", "topics:4", "topics:3")
	})
}
