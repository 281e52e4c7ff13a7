package audience_test

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// wantRepaired rebuilds, and compares how many differences there were.
func wantRepaired(w *world.World, opts timakgorm.RebuildOptions, found int) {
	w.Helper()
	report, err := w.Plugin.Rebuild(w.Context(), opts)
	if w.Must(err); report.Found() != found || !report.Clean() {
		w.Errorf("got %d found, %d remaining, %d unsettled; want %d found: %q",
			report.Found(), report.Remaining, report.Unsettled, found, world.LinesOf(report))
	}
	w.WantDifferences()
}

// Verify knows what each timeline subscribes to, and Rebuild copies what it lacks and
// takes away what is not in its sources.
func TestFeeds_verified(t *testing.T) {
	t.Parallel()
	world.OnBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		w := feeds(t, dialect, by)
		w.Must(w.DB.Create([]*Story{story(1, 1), story(2, 2), story(3, 1), story(4, 3)}).Error)
		w.Must(w.DB.Create(&[]Subscribe{{ReaderID: 7, AuthorID: 1}, {ReaderID: 7, AuthorID: 2}, {ReaderID: 8, AuthorID: 2}}).Error)
		w.Drain()
		w.WantDifferences()
		w.Apply(home(7), timak.RemoveEntry("stories:3", "author:1"), timak.RemoveSource("author:2"))
		w.Apply(home(8), timak.Put(timak.Item{ID: "stories:4", At: world.At(4), Source: "author:3"}), timak.Put(timak.Item{ID: "stories:9", At: world.At(9), Source: "author:2"}))
		w.Apply(home(9), timak.Put(timak.Item{ID: "stories:1", At: world.At(1), Source: "author:1"}))
		want := []string{
			home(7) + ": stories:2 missing", home(7) + ": stories:3 missing",
			home(8) + ": stories:4 extra", home(8) + ": stories:9 extra",
		}
		w.WantDifferences(want...)
		wantRepaired(w, timakgorm.RebuildOptions{}, 4)
		wantRepaired(w, timakgorm.RebuildOptions{Keys: []string{home(9)}}, 1) // which no row names
		w.WantIDs(home(7), "stories:3", "stories:2", "stories:1")
		w.WantIDs(home(8), "stories:2")
		w.WantIDs(home(9))
		w.Must(w.DB.Model(&Story{ID: 2}).Update("title", "later").Error)
		w.WantIDs(home(8), "stories:2")
	})
}

// TestFeeds_verifiedMany: a timeline that subscribes to more sources than a query names.
func TestFeeds_verifiedMany(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := feeds(t, dialect, timakgorm.Callbacks)
		const authors = 510
		var stories []*Story
		for author := uint(1); author <= authors; author++ {
			stories = append(stories, story(author, author))
		}
		w.Must(world.OpenDSN(t, dialect, w.DSN, nil).Exec(`INSERT INTO subscribes (reader_id, author_id, muted)
			WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < ?) SELECT 7, n, false FROM r`, authors).Error)
		w.Must(w.DB.CreateInBatches(stories, 500).Error)
		w.Drain()
		w.WantDifferences()
		if got := w.IDs(home(7)); len(got) != authors {
			t.Errorf("got %d items, want one of each of %d authors", len(got), authors)
		}
		w.Apply(home(7), timak.Remove("stories:300"))
		wantRepaired(w, timakgorm.RebuildOptions{}, 1)
	})
}

// Echo is a story that is repeated on a topic: it has two sources, and readers may
// subscribe to both.
type Echo struct {
	ID        uint
	AuthorID  uint
	Topic     string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"audience=echoes; source=author:{AuthorID}"`
	_ timakgorm.Timeline `timak:"audience=echoes; source=topic:{Topic}"`
	_ timakgorm.Timeline `timak:"key=reader:{AuthorID}:echoes; source=self"`
}

// Ear subscribes a reader to an author and to a topic.
type Ear struct {
	ID       uint
	ReaderID uint
	AuthorID *uint
	Topic    *string

	_ timakgorm.Subscription `timak:"audience=echoes; key=reader:{ReaderID}:echoes; source=author:{AuthorID}"`
	_ timakgorm.Subscription `timak:"audience=echoes; key=reader:{ReaderID}:echoes; source=topic:{Topic}"`
}

// TestFeeds_severalReasons: an item that is on a timeline for several reasons is there
// once, and goes with the last of them.
func TestFeeds_severalReasons(t *testing.T) {
	t.Parallel()
	world.OnBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		models := []any{&Echo{}, &Ear{}}
		w := world.NewBy(t, by, world.Setup{Dialect: dialect, Models: models, Tracked: models})
		const key = "reader:1:echoes"
		w.Must(w.DB.Create(&[]Echo{{ID: 1, AuthorID: 1, Topic: "go", CreatedAt: world.At(1)}, {ID: 2, AuthorID: 2, Topic: "go", CreatedAt: world.At(2)}}).Error)
		w.Must(w.DB.Create(&[]Ear{{ID: 1, ReaderID: 1, AuthorID: new(uint(1)), Topic: new("go")}, {ID: 2, ReaderID: 1, AuthorID: new(uint(2))}}).Error)
		w.WantIDs(key, "echos:2", "echos:1")
		w.WantDifferences()
		w.Apply(key, timak.RemoveEntry("echos:1", "author:1"), timak.RemoveEntry("echos:1", "self"), timak.RemoveEntry("echos:2", "topic:go"))
		wantRepaired(w, timakgorm.RebuildOptions{}, 3)
		w.Must(w.DB.Model(&Ear{ID: 1}).Update("topic", nil).Error)
		w.WantIDs(key, "echos:2", "echos:1")
		w.Must(w.DB.Delete(&Ear{}, 2).Error)
		w.WantIDs(key, "echos:1")
		w.Must(w.DB.Delete(&Ear{}, 1).Error)
		w.WantIDs(key, "echos:1") // its own
		w.WantDifferences()
	})
}

// TestFeeds_verifiedMeanwhile: while readers follow and unfollow, and authors write, a
// run finds no difference.
func TestFeeds_verifiedMeanwhile(t *testing.T) {
	t.Parallel()
	world.OnBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		w := feeds(t, dialect, by)
		stop := w.Run()
		var group sync.WaitGroup
		var over atomic.Bool
		for n := range uint(2) {
			group.Go(func() {
				random := rand.New(rand.NewPCG(uint64(n), 1))
				for id := 1 + n; !over.Load(); id = min(id+2, 900+n) { // fewer than fill a timeline
					author, reader := uint(1+random.IntN(3)), uint(7+random.IntN(3))
					one := Subscribe{ReaderID: reader, AuthorID: author}
					w.Must(w.DB.Clauses(clause.OnConflict{DoNothing: true}).Create(story(id, author)).Error)
					w.Must(w.DB.Clauses(clause.OnConflict{DoNothing: true}).Create(&one).Error)
					w.Must(w.DB.Model(&Story{ID: 1 + n + 2*uint(random.IntN(int(id)/2+1))}).Update("published", random.IntN(2) == 0).Error)
					if random.IntN(2) == 0 {
						w.Must(w.DB.Unscoped().Delete(&one).Error)
					}
				}
			})
		}
		for range 3 {
			if lines, report := w.Verify(timakgorm.VerifyOptions{}); report.Found() > 0 && report.Found() > report.Unsettled {
				t.Errorf("got differences %q", lines)
			}
		}
		over.Store(true)
		group.Wait()
		w.AwaitRelay()
		stop()
		w.WantDifferences()
	})
}

// TestFeeds_verifiedByModel: the timelines of a model that publishes are those of its
// subscribers, and of no other audience.
func TestFeeds_verifiedByModel(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		models := []any{&Subscribe{}, &Story{}, &Topic{}, &Interest{}}
		w := world.New(t, world.Setup{Dialect: dialect, Models: models, Tracked: models})
		w.Must(w.DB.Create(story(1, 1)).Error)
		w.Must(w.DB.Create(&Topic{ID: 1, Name: "a", CreatedAt: world.At(1)}).Error)
		w.Must(w.DB.Create(&Subscribe{ReaderID: 7, AuthorID: 1}).Error)
		w.Must(w.DB.Create(&Interest{ID: 1, Reader: new(uint(7)), Name: new("a")}).Error)
		w.Drain()
		w.Apply(home(7), timak.Remove("stories:1"))
		w.Apply("reader:7:topics", timak.Remove("topics:1"))
		wantRepairedOf := func(model any) {
			report, err := w.Plugin.Rebuild(w.Context(), timakgorm.RebuildOptions{Models: []any{model}})
			if w.Must(err); report.Found() != 1 || report.Keys != 1 {
				t.Errorf("%T: got %+v, want one difference in one timeline", model, report)
			}
		}
		wantRepairedOf(&Story{})
		wantRepairedOf(&Interest{})
		w.WantIDs(home(7), "stories:1")
		w.WantIDs("reader:7:topics", "topics:1")
	})
}
