package audit_test

import (
	"slices"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// wantRepaired rebuilds, and finds nothing afterwards.
func wantRepaired(w *world.World, found int) {
	w.Helper()
	report, err := w.Plugin.Rebuild(w.Context(), timakgorm.RebuildOptions{})
	w.Must(err)
	if report.Found() != found || !report.Clean() {
		w.Errorf("Rebuild: got %d found, %d remaining, %d unsettled; want %d found: %q",
			report.Found(), report.Remaining, report.Unsettled, found, world.LinesOf(report))
	}
	w.WantDifferences()
	w.Check()
}

// future is a version that the database's clock does not reach during a test, and
// that Rebuild still follows.
var future = time.Now().Add(20 * time.Hour).UnixMicro()

// harm is something that befell a timeline, and what is found of it.
type harm struct {
	name string
	do   func(w *world.World)
	want []string
}

var harms = []harm{
	{"nothing", func(*world.World) {}, nil},
	{"lost", func(w *world.World) { w.Apply("author:1:posts", timak.Remove("posts:10")) }, []string{"author:1:posts: posts:10 missing"}},
	{"lost, and of the future", func(w *world.World) {
		w.Apply("author:1:posts", timak.RemoveEntry("posts:10", "").WithVersion(future))
	}, []string{"author:1:posts: posts:10 missing"}},
	{"lost with a cover of the future", func(w *world.World) {
		w.Apply("author:1:posts", timak.Remove("posts:10").WithVersion(future))
	}, []string{"author:1:posts: posts:10 missing"}},
	{"phantom of no row", func(w *world.World) {
		w.Apply("author:1:posts", timak.Put(timak.Item{ID: "posts:999", At: world.At(1)}))
	}, []string{"author:1:posts: posts:999 extra"}},
	{"phantom of the future", func(w *world.World) {
		w.Apply("author:1:posts", timak.Put(timak.Item{ID: "posts:999", At: world.At(1)}).WithVersion(future))
	}, []string{"author:1:posts: posts:999 extra"}},
	{"phantom that no row could be", func(w *world.World) {
		w.Apply("site:posts", timak.Put(timak.Item{ID: "posts:x"}), timak.Put(timak.Item{ID: "what?"}),
			timak.Put(timak.Item{ID: "posts:99999999999999999999"}), timak.Put(timak.Item{ID: "posts:9223372036854775807"}),
			timak.Put(timak.Item{ID: "posts:%00"}), timak.Put(timak.Item{ID: "posts:1,2"}), timak.Put(timak.Item{ID: "posts:010"}))
	}, []string{
		"site:posts: posts:x extra", "site:posts: what? extra", "site:posts: posts:99999999999999999999 extra",
		"site:posts: posts:9223372036854775807 extra", "site:posts: posts:%00 extra", "site:posts: posts:1,2 extra", "site:posts: posts:010 extra",
	}},
	{"wrong date", func(w *world.World) {
		w.Apply("site:posts", timak.Put(timak.Item{ID: "posts:10", At: world.At(9)}))
	}, []string{"site:posts: posts:10 misplaced: at 2026-01-01 00:09:00 +0000 UTC, its row says 2026-01-01 00:"}},
	{"wrong date of the future", func(w *world.World) {
		w.Apply("site:posts", timak.Put(timak.Item{ID: "posts:10", At: world.At(9)}).WithVersion(future))
	}, []string{"site:posts: posts:10 misplaced"}},
	{"wrong data", func(w *world.World) {
		w.Apply("site:posts", timak.Put(timak.Item{ID: "posts:10", At: post(w, 10).CreatedAt, Data: []byte("{}")}))
	}, []string{"site:posts: posts:10 stale"}},
	{"no data", func(w *world.World) {
		w.Apply("author:1:posts", timak.Put(timak.Item{ID: "posts:10", At: post(w, 10).CreatedAt}))
	}, []string{"author:1:posts: posts:10 stale"}},
	{"a source too many", func(w *world.World) {
		w.Apply("site:posts", timak.Put(timak.Item{ID: "posts:10", Source: "why", At: post(w, 10).CreatedAt}))
	}, []string{"site:posts: posts:10 extra"}},
	{"wrong source", func(w *world.World) {
		w.Apply("site:posts", timak.RemoveEntry("posts:10", ""), timak.Put(timak.Item{ID: "posts:10", Source: "why", At: post(w, 10).CreatedAt}))
	}, []string{"site:posts: posts:10 stale"}},
	{"wrong key", func(w *world.World) {
		w.Apply("author:1:posts", timak.Remove("posts:10"))
		w.Apply("author:2:posts", timak.Put(timak.Item{ID: "posts:10", At: post(w, 10).CreatedAt, Data: []byte(`{"title":"t0"}`)}))
	}, []string{"author:1:posts: posts:10 missing", "author:2:posts: posts:10 extra"}},
	{"an unpublished post", func(w *world.World) {
		w.Apply("site:posts", timak.Put(timak.Item{ID: "posts:14", At: world.At(1)}))
	}, []string{"site:posts: posts:14 extra"}},
	{"a deleted post, the author's last", func(w *world.World) {
		w.Must(w.DB.Create(&world.Post{ID: 60, AuthorID: 60, Published: true, CreatedAt: world.At(60)}).Error)
		w.Must(w.DB.Delete(&world.Post{}, 60).Error)
		w.Drain()
		w.Apply("author:60:posts", timak.Put(timak.Item{ID: "posts:60", At: world.At(60)}))
	}, []string{"author:60:posts: posts:60 extra"}},
	{"a change that was never captured", func(w *world.World) {
		w.Must(bare(w).Exec("UPDATE posts SET author_id = 2, title = 'raw' WHERE id = 10").Error)
	}, []string{"author:1:posts: posts:10 extra", "author:2:posts: posts:10 missing"}},
	{"a whole timeline", func(w *world.World) {
		for _, id := range w.IDs("author:1:posts") {
			w.Apply("author:1:posts", timak.Remove(id))
		}
	}, nil}, // filled in by the test
}

// bare is the database without the plugin.
func bare(w *world.World) *gorm.DB { return world.OpenDSN(w.TB, w.Dialect, w.DSN, nil) }

func post(w *world.World, id uint) world.Post {
	w.Helper()
	var post world.Post
	w.Must(w.DB.First(&post, id).Error)
	return post
}

// TestVerify: whatever befell the timelines is found, and nothing else; Rebuild
// mends it.
func TestVerify(t *testing.T) {
	t.Parallel()
	for _, harm := range harms {
		t.Run(harm.name, func(t *testing.T) {
			t.Parallel()
			world.OnBoth(t, func(t *testing.T, dialect string) {
				w := world.New(t, world.Setup{Dialect: dialect})
				w.Seed()
				w.Drain()
				want := slices.Clone(harm.want)
				if harm.name == "a whole timeline" {
					for _, id := range w.IDs("author:1:posts") {
						want = append(want, "author:1:posts: "+id+" missing")
					}
				}
				harm.do(w)
				w.WantDifferences(want...)
				w.WantDifferences(want...) // looking changes nothing
				wantRepaired(w, len(want))
				w.Must(w.DB.Model(&world.Post{}).Where("id > 0").Update("title", "goes on").Error)
				w.Must(w.DB.Save(&world.Post{ID: 999, AuthorID: 1, Published: true}).Error)
				w.Check()
				w.WantDifferences()
			})
		})
	}
}
