package pages

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/timak-go/timak/timakgorm/internal/feedmix/feed"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/ideal"
)

// TestCompare: each way in which pages can be wrong.
func TestCompare(t *testing.T) {
	t.Parallel()
	want := ideal.Feed(45)
	for _, tt := range []struct {
		name  string
		spoil func(posts []feed.Post) []feed.Post // before they are cut into pages
		wrong Wrong
	}{
		{"right", func(p []feed.Post) []feed.Post { return p }, Wrong{Pages: 3}},
		{"one missing at the end", func(p []feed.Post) []feed.Post { return p[:44] }, Wrong{Pages: 3, Wrong: 1, Missing: 1}},
		{"one missing at the beginning", func(p []feed.Post) []feed.Post { return p[1:] }, Wrong{Pages: 3, Wrong: 3, Missing: 1}},
		{"the last page missing", func(p []feed.Post) []feed.Post { return p[:40] }, Wrong{Pages: 3, Wrong: 1, Missing: 5}},
		{"all missing", func([]feed.Post) []feed.Post { return nil }, Wrong{Pages: 3, Wrong: 3, Missing: 45}},
		{"one extra", func(p []feed.Post) []feed.Post { return append(p, feed.Post{ID: 99}) }, Wrong{Pages: 3, Wrong: 1, Extra: 1}},
		{"a page of extra ones", func(p []feed.Post) []feed.Post { return append(p, slices.Repeat([]feed.Post{{ID: 99}}, 20)...) }, Wrong{Pages: 4, Wrong: 2, Extra: 20}},
		{"one twice", func(p []feed.Post) []feed.Post { return append(p, p[44]) }, Wrong{Pages: 3, Wrong: 1, Extra: 1}},
		{"two out of order", func(p []feed.Post) []feed.Post { p[30], p[31] = p[31], p[30]; return p }, Wrong{Pages: 3, Wrong: 1, Disordered: 1}},
		{"another body", func(p []feed.Post) []feed.Post { p[0].Body = "other"; return p }, Wrong{Pages: 3, Wrong: 1, Stale: 1}},
		{"another date", func(p []feed.Post) []feed.Post { p[44].At = feed.Start; return p }, Wrong{Pages: 3, Wrong: 1, Stale: 1}},
	} {
		got := compare(want, slices.Collect(slices.Chunk(tt.spoil(slices.Clone(want)), feed.PageLimit)))
		if (got.Example != "") != (got.Wrong > 0) {
			t.Errorf("%s: example %q of %d wrong pages", tt.name, got.Example, got.Wrong)
		}
		got.Example = ""
		if diff := cmp.Diff(tt.wrong, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.name, diff)
		}
	}
	if got := compare(nil, nil); got != (Wrong{}) {
		t.Errorf("no posts on no pages: got %+v", got)
	}
	short := compare(want[:20], [][]feed.Post{want[:10], want[10:20]})
	if short.Wrong != 2 || short.Missing+short.Extra+short.Disordered+short.Stale != 0 {
		t.Errorf("two half pages: got %+v, want two wrong pages, and no wrong post", short)
	}
}

// TestPages: a feed whose cursors lead nowhere ends, and an empty page that says that
// others follow counts.
func TestPages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all, err := pages(t.Context(), feed.HomeOf(&ideal.Side{Posts: ideal.Feed(1000)}, 1), 40)
		if err != nil || len(all) != 6 {
			t.Errorf("%d pages where 2 were expected, %v; want that it ends after 6", len(all), err)
		}
		all, err = pages(t.Context(), feed.HomeOf(&ideal.Side{}, 1), 0)
		if err != nil || len(all) != 0 {
			t.Errorf("%d pages of an empty feed, %v", len(all), err)
		}
	})
}
