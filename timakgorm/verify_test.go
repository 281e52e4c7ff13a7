package timakgorm_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
)

// verify returns the lines of the differences found.
func (w *world) verify(opts timakgorm.VerifyOptions) ([]string, timakgorm.Report) {
	w.Helper()
	report, err := w.plugin.Verify(w.Context(), opts)
	w.must(err)
	return linesOf(report), report
}

func linesOf(report timakgorm.Report) []string {
	var lines []string
	for _, d := range report.Differences {
		lines = append(lines, d.String())
	}
	slices.Sort(lines)
	return lines
}

// wantDifferences verifies and compares what is found, by the words that its
// lines begin with.
func (w *world) wantDifferences(want ...string) {
	w.Helper()
	got, report := w.verify(timakgorm.VerifyOptions{Limit: 10000})
	if report.Found() != len(want) || report.Unsettled > 0 || report.Remaining != len(want) || report.Clean() != (len(want) == 0) {
		w.Errorf("got %d found, %d remaining, %d unsettled; want %d found", report.Found(), report.Remaining, report.Unsettled, len(want))
	}
	slices.Sort(want)
	if !slices.EqualFunc(got, want, strings.HasPrefix) {
		w.Errorf("got differences\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// wantRepaired rebuilds, and finds nothing afterwards.
func (w *world) wantRepaired(found int) {
	w.Helper()
	report, err := w.plugin.Rebuild(w.Context(), timakgorm.RebuildOptions{})
	w.must(err)
	if report.Found() != found || !report.Clean() {
		w.Errorf("Rebuild: got %d found, %d remaining, %d unsettled; want %d found: %q",
			report.Found(), report.Remaining, report.Unsettled, found, linesOf(report))
	}
	w.wantDifferences()
	w.check()
}

// apply changes a timeline by hand.
func (w *world) apply(key string, ops ...timak.Op) {
	w.Helper()
	_, err := w.timelines.Apply(w.Context(), key, ops...)
	w.must(err)
}

// future is a version that the database's clock does not reach during a test, and
// that Rebuild still follows.
var future = time.Now().Add(20 * time.Hour).UnixMicro()

// harm is something that befell a timeline, and what is found of it.
type harm struct {
	name string
	do   func(w *world)
	want []string
}

var harms = []harm{
	{"nothing", func(*world) {}, nil},
	{"lost", func(w *world) { w.apply("author:1:posts", timak.Remove("posts:10")) }, []string{"author:1:posts: posts:10 missing"}},
	{"lost, and of the future", func(w *world) {
		w.apply("author:1:posts", timak.RemoveEntry("posts:10", "").WithVersion(future))
	}, []string{"author:1:posts: posts:10 missing"}},
	{"lost with a cover of the future", func(w *world) {
		w.apply("author:1:posts", timak.Remove("posts:10").WithVersion(future))
	}, []string{"author:1:posts: posts:10 missing"}},
	{"phantom of no row", func(w *world) {
		w.apply("author:1:posts", timak.Put(timak.Item{ID: "posts:999", At: at(1)}))
	}, []string{"author:1:posts: posts:999 extra"}},
	{"phantom of the future", func(w *world) {
		w.apply("author:1:posts", timak.Put(timak.Item{ID: "posts:999", At: at(1)}).WithVersion(future))
	}, []string{"author:1:posts: posts:999 extra"}},
	{"phantom that no row could be", func(w *world) {
		w.apply("site:posts", timak.Put(timak.Item{ID: "posts:x"}), timak.Put(timak.Item{ID: "what?"}),
			timak.Put(timak.Item{ID: "posts:99999999999999999999"}), timak.Put(timak.Item{ID: "posts:9223372036854775807"}),
			timak.Put(timak.Item{ID: "posts:%00"}), timak.Put(timak.Item{ID: "posts:1,2"}), timak.Put(timak.Item{ID: "posts:010"}))
	}, []string{
		"site:posts: posts:x extra", "site:posts: what? extra", "site:posts: posts:99999999999999999999 extra",
		"site:posts: posts:9223372036854775807 extra", "site:posts: posts:%00 extra", "site:posts: posts:1,2 extra", "site:posts: posts:010 extra",
	}},
	{"wrong date", func(w *world) {
		w.apply("site:posts", timak.Put(timak.Item{ID: "posts:10", At: at(9)}))
	}, []string{"site:posts: posts:10 misplaced: at 2026-01-01 00:09:00 +0000 UTC, its row says 2026-01-01 00:"}},
	{"wrong date of the future", func(w *world) {
		w.apply("site:posts", timak.Put(timak.Item{ID: "posts:10", At: at(9)}).WithVersion(future))
	}, []string{"site:posts: posts:10 misplaced"}},
	{"wrong data", func(w *world) {
		w.apply("site:posts", timak.Put(timak.Item{ID: "posts:10", At: w.post(10).CreatedAt, Data: []byte("{}")}))
	}, []string{"site:posts: posts:10 stale"}},
	{"no data", func(w *world) {
		w.apply("author:1:posts", timak.Put(timak.Item{ID: "posts:10", At: w.post(10).CreatedAt}))
	}, []string{"author:1:posts: posts:10 stale"}},
	{"a source too many", func(w *world) {
		w.apply("site:posts", timak.Put(timak.Item{ID: "posts:10", Source: "why", At: w.post(10).CreatedAt}))
	}, []string{"site:posts: posts:10 extra"}},
	{"wrong source", func(w *world) {
		w.apply("site:posts", timak.RemoveEntry("posts:10", ""), timak.Put(timak.Item{ID: "posts:10", Source: "why", At: w.post(10).CreatedAt}))
	}, []string{"site:posts: posts:10 stale"}},
	{"wrong key", func(w *world) {
		w.apply("author:1:posts", timak.Remove("posts:10"))
		w.apply("author:2:posts", timak.Put(timak.Item{ID: "posts:10", At: w.post(10).CreatedAt, Data: []byte(`{"title":"t0"}`)}))
	}, []string{"author:1:posts: posts:10 missing", "author:2:posts: posts:10 extra"}},
	{"an unpublished post", func(w *world) {
		w.apply("site:posts", timak.Put(timak.Item{ID: "posts:14", At: at(1)}))
	}, []string{"site:posts: posts:14 extra"}},
	{"a deleted post, the author's last", func(w *world) {
		w.must(w.db.Create(&Post{ID: 60, AuthorID: 60, Published: true, CreatedAt: at(60)}).Error)
		w.must(w.db.Delete(&Post{}, 60).Error)
		w.drain()
		w.apply("author:60:posts", timak.Put(timak.Item{ID: "posts:60", At: at(60)}))
	}, []string{"author:60:posts: posts:60 extra"}},
	{"a change that was never captured", func(w *world) {
		w.must(w.bare().Exec("UPDATE posts SET author_id = 2, title = 'raw' WHERE id = 10").Error)
	}, []string{"author:1:posts: posts:10 extra", "author:2:posts: posts:10 missing"}},
	{"a whole timeline", func(w *world) {
		for _, id := range w.ids("author:1:posts") {
			w.apply("author:1:posts", timak.Remove(id))
		}
	}, nil}, // filled in by the test
}

// bare is the database without the plugin.
func (w *world) bare() *gorm.DB { return openDSN(w.TB, w.dialect, w.dsn, nil) }

func (w *world) post(id uint) Post {
	w.Helper()
	var post Post
	w.must(w.db.First(&post, id).Error)
	return post
}

// TestVerify: whatever befell the timelines is found, and nothing else; Rebuild
// mends it.
func TestVerify(t *testing.T) {
	t.Parallel()
	for _, harm := range harms {
		t.Run(harm.name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, dialect string) {
				w := newWorld(t, setup{dialect: dialect})
				w.seed()
				w.drain()
				want := slices.Clone(harm.want)
				if harm.name == "a whole timeline" {
					for _, id := range w.ids("author:1:posts") {
						want = append(want, "author:1:posts: "+id+" missing")
					}
				}
				harm.do(w)
				w.wantDifferences(want...)
				w.wantDifferences(want...) // looking changes nothing
				w.wantRepaired(len(want))
				w.must(w.db.Model(&Post{}).Where("id > 0").Update("title", "goes on").Error)
				w.must(w.db.Save(&Post{ID: 999, AuthorID: 1, Published: true}).Error)
				w.check()
				w.wantDifferences()
			})
		})
	}
}
