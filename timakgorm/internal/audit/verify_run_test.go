package audit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/drivertest"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// manyWorld has 250 authors with two posts each, and so several pages of keys.
func manyWorld(t *testing.T, s world.Setup) *world.World {
	w := world.New(t, s)
	var posts []world.Post
	for n := range 500 {
		posts = append(posts, world.Post{AuthorID: uint(n%250 + 1), Title: fmt.Sprint(n), Published: true, CreatedAt: world.At(n)})
	}
	w.Must(w.DB.Create(&posts).Error)
	w.Drain()
	return w
}

// TestVerify_progress: it rises, ends with all, and names what was found.
func TestVerify_progress(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := manyWorld(t, world.Setup{Dialect: dialect})
		w.Apply("author:250:posts", timak.Remove("posts:250"))
		var told []timakgorm.Progress
		_, report := w.Verify(timakgorm.VerifyOptions{Progress: func(p timakgorm.Progress) { told = append(told, p) }})
		if len(told) < 3 || report.Keys != 251 || report.Rows != 1000 || report.From != "" {
			t.Fatalf("progress %d times, report %+v", len(told), report)
		}
		for n, p := range told {
			if n > 0 && (p.Keys <= told[n-1].Keys || p.Rows <= told[n-1].Rows || p.Elapsed < told[n-1].Elapsed) || p.From == "" || p.All != 1000 || p.Rate <= 0 {
				t.Errorf("progress %d: %+v after %+v", n, p, told[max(n, 1)-1])
			}
		}
		if last := told[len(told)-1]; last.Keys != 251 || last.Rows != 1000 || last.Differences != 1 {
			t.Errorf("in the end: %+v", last)
		}
	})
}

// TestVerify_progressOfKeys: so it does where the keys are named, also in a run
// that goes on from the middle.
func TestVerify_progressOfKeys(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := manyWorld(t, world.Setup{Dialect: dialect})
		keys := []string{"site:posts", "author:1000:posts"} // of the second there are no rows
		for n := range 200 {
			keys = append(keys, fmt.Sprintf("author:%d:posts", n+1))
		}
		var told []timakgorm.Progress
		opts := timakgorm.VerifyOptions{Keys: keys, Progress: func(p timakgorm.Progress) { told = append(told, p) }}
		w.Verify(opts)
		opts.From = told[0].From
		w.Verify(opts)
		for n, rows := range []int64{500 + 98*2, 500 + 198*2, 900, 500 + 198*2, 900} {
			if len(told) != 5 || told[n].Rows != rows || told[n].All != 900 {
				t.Fatalf("got %+v, want %d rows of 900 at %d", told, rows, n)
			}
		}
	})
}

// TestRebuild_resumed: stopped again and again, by its context, at any place,
// and gone on from the token, it mends everything and does none of it twice.
func TestRebuild_resumed(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		store := drivertest.NewFailing(memstore.New())
		w := manyWorld(t, world.Setup{Dialect: dialect, Store: store})
		for n := range 250 {
			w.Apply(fmt.Sprintf("author:%d:posts", n+1), timak.Remove(fmt.Sprintf("posts:%d", n+1)), timak.Put(timak.Item{ID: "phantom"}))
		}
		var from string
		var keys, found, stops int
		for calls := int64(300); ; calls += 100 {
			ctx, cancel := context.WithCancel(t.Context())
			var n atomic.Int64
			store.Before = func(context.Context, drivertest.Call) error {
				if n.Add(1) == calls {
					cancel()
				}
				return nil
			}
			var last timakgorm.Progress
			report, err := w.Plugin.Rebuild(ctx, timakgorm.RebuildOptions{From: from, Progress: func(p timakgorm.Progress) { last = p }})
			cancel()
			keys, found = keys+report.Keys, found+report.Found()
			if err == nil {
				if last.Keys != 251 || last.Rows != 1000 {
					t.Errorf("progress in the end: %+v", last)
				}
				break
			}
			if !errors.Is(err, context.Canceled) || last.From != "" && report.From != last.From || last.From == "" && report.From != from {
				t.Fatalf("got %v, token %q after %q, progress %+v", err, report.From, from, last)
			}
			if stops++; stops > 50 {
				t.Fatal("it does not get anywhere")
			}
			from = report.From
		}
		if stops < 2 || keys != 251 {
			t.Errorf("%d stops, %d keys; want some, and each key once", stops, keys)
		}
		t.Logf("%d stops, %d found", stops, found)
		store.Before = nil
		w.WantDifferences()
	})
}

func TestVerify_sample(t *testing.T) {
	t.Parallel()
	w := manyWorld(t, world.Setup{Dialect: "sqlite"})
	seen := map[int]bool{}
	for range 3 {
		_, report := w.Verify(timakgorm.VerifyOptions{Sample: 5})
		if report.Keys < 15 || report.Keys > 100 { // 50 are expected, and six sigmas are 38
			t.Errorf("one in five of 251 keys are %d", report.Keys)
		}
		seen[report.Keys*10000+int(report.Rows)] = true
	}
}

// TestVerify_limit: the report keeps as many differences as it is told to, and
// counts all.
func TestVerify_limit(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "sqlite"})
	w.Seed()
	w.Drain()
	for n := range 200 {
		w.Apply("site:posts", timak.Put(timak.Item{ID: fmt.Sprint("phantom:", n)}))
	}
	for limit, want := range map[int]int{0: 100, -1: 0, 7: 7, 300: 200} {
		if got, report := w.Verify(timakgorm.VerifyOptions{Limit: limit}); len(got) != want || report.Extra != 200 {
			t.Errorf("Limit %d: got %d of %d", limit, len(got), report.Extra)
		}
	}
}

func TestVerify_errors(t *testing.T) {
	t.Parallel()
	store := drivertest.NewFailing(memstore.New())
	w := world.New(t, world.Setup{Dialect: "sqlite", Store: store})
	w.Seed()
	w.Drain()
	var token string
	_, err := w.Plugin.Verify(t.Context(), timakgorm.VerifyOptions{Progress: func(p timakgorm.Progress) { token = p.From }})
	w.Must(err)
	for name, opts := range map[string]timakgorm.VerifyOptions{
		"not a token":        {From: "what?"},
		"another's token":    {From: token, Keys: []string{"site:posts"}},
		"a key of no rule":   {Keys: []string{"author:x:posts"}},
		"a key of no use":    {Keys: []string{""}},
		"an unknown model":   {Models: []any{&world.Author{}}},
		"no model":           {Models: []any{nil}},
		"a sample of -1":     {Sample: -1},
		"an outdated token":  {From: "eyJ0IjoicG9zdHMiLCJrIjoiYXV0aG9yOntBdXRob3JJRH06cG9zdHMiLCJhIjpbIngiXX0"},
		"a token of nothing": {From: "e30"},
	} {
		report, err := w.Plugin.Verify(t.Context(), opts)
		if err == nil || opts.From != "" && !errors.Is(err, timakgorm.ErrFrom) {
			t.Errorf("%s: got %+v, %v", name, report, err)
		}
	}
	outage := errors.New("outage")
	store.Before = func(context.Context, drivertest.Call) error { return outage }
	if _, err := w.Plugin.Verify(t.Context(), timakgorm.VerifyOptions{}); !errors.Is(err, outage) {
		t.Errorf("got %v, want the store's error", err)
	}
	unused, err := timakgorm.New(w.Timelines, nil)
	w.Must(err)
	if _, err := unused.Rebuild(t.Context(), timakgorm.RebuildOptions{}); err == nil {
		t.Error("a plugin without a database rebuilds")
	}
}

// TestVerify_foreignToken: the token of a run over other models, keys or another
// sample is no place to go on from, as timelines would be passed over.
func TestVerify_foreignToken(t *testing.T) {
	t.Parallel()
	notes := timakgorm.Track[world.Note](timakgorm.Rule{Key: "topic:{Topic}"})
	w := world.New(t, world.Setup{Dialect: "sqlite", Models: []any{&world.Author{}, &world.Post{}, &world.Note{}}, Tracked: []any{&world.Post{}, notes}})
	w.Seed()
	w.Must(w.DB.Create(&world.Note{ID: 1, Topic: "a"}).Error)
	w.Drain()
	posts, both := []any{&world.Post{}}, []any{&world.Post{}, &world.Note{}}
	runs := map[string]timakgorm.VerifyOptions{
		"all":          {},
		"a model":      {Models: posts},
		"another":      {Models: []any{&world.Note{}}},
		"one in two":   {Sample: 2},
		"one in three": {Sample: 3},
		"a key":        {Keys: []string{"site:posts"}},
		"another key":  {Keys: []string{"topic:a"}},
		"two keys":     {Keys: []string{"site:posts", "topic:a"}},
		"in disorder":  {Keys: []string{"topic:a", "site:posts"}},
	}
	for by, opts := range runs {
		var token string
		opts.Progress = func(p timakgorm.Progress) { token = p.From }
		if w.Verify(opts); token == "" {
			t.Fatalf("%s gives no token", by)
		}
		for of, opts := range runs {
			opts.From = token
			report, err := w.Plugin.Verify(t.Context(), opts)
			if by == of && err != nil || by != of && !errors.Is(err, timakgorm.ErrFrom) || report.From != "" {
				t.Errorf("the token of %s given to %s: got From %q, %v", by, of, report.From, err)
			}
		}
	}
	for _, same := range []timakgorm.VerifyOptions{{Models: both}, {Models: []any{&world.Note{}, &world.Post{}}}, {Sample: 1}, {Repair: true}} {
		var token string
		same.Progress = func(p timakgorm.Progress) { token = p.From }
		w.Verify(same)
		w.Verify(timakgorm.VerifyOptions{From: token})
	}
}

// TestVerify_waitingChange: while a change waits, what it is about is neither
// different nor in order, and no excuse for the rest.
func TestVerify_waitingChange(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect})
		w.Seed()
		w.Drain()
		w.Must(w.DB.Delete(&world.Post{}, 10).Error)
		w.Must(w.DB.Create(&world.Post{ID: 30, AuthorID: 1, Published: true, CreatedAt: world.At(30)}).Error)
		w.Apply("author:2:posts", timak.Put(timak.Item{ID: "posts:40"}))
		got, report := w.Verify(timakgorm.VerifyOptions{})
		want := []string{
			"author:1:posts: posts:10 extra, unsettled", "author:1:posts: posts:30 missing, unsettled", "author:2:posts: posts:40 extra",
			"site:posts: posts:10 extra, unsettled", "site:posts: posts:30 missing, unsettled",
		}
		if !slices.Equal(got, want) || report.Unsettled != 4 || report.Found() != 1 || report.Clean() {
			t.Errorf("got %+v", report)
		}
		w.Drain()
		w.WantDifferences("author:2:posts: posts:40 extra")
	})
}

// TestVerify_changeArrives: a change that reaches the timeline while its item is
// in doubt settles it.
func TestVerify_changeArrives(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		store := drivertest.NewFailing(memstore.New())
		w := world.New(t, world.Setup{Dialect: dialect, Store: store})
		w.Seed()
		w.Drain()
		w.Must(w.DB.Delete(&world.Post{}, 10).Error)
		var gets atomic.Int64
		running := make(chan func(), 1)
		store.Before = func(_ context.Context, call drivertest.Call) error {
			if call.Op == drivertest.Get && gets.Add(1) == 8 { // all three timelines were looked at twice
				running <- w.Run()
			}
			return nil
		}
		w.WantDifferences()
		(<-running)()
	})
}

// A dead letter excuses nothing.
func TestVerify_deadLetter(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect, Engine: &timak.Options{MaxData: 100}})
		w.Seed()
		w.Must(w.DB.Model(&world.Post{ID: 10}).Update("title", fmt.Sprintf("%0200d", 1)).Error)
		w.Drain()
		if w.Dead() == 0 {
			t.Fatal("no dead letter")
		}
		lines, report := w.Verify(timakgorm.VerifyOptions{})
		if report.Found() == 0 || report.Unsettled > 0 {
			t.Errorf("got %q", lines)
		}
		report, err := w.Plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{})
		if err != nil || report.Clean() || report.Remaining == 0 {
			t.Errorf("Rebuild: got %+v, %v; want what cannot be mended to remain", report, err)
		}
		w.Must(w.DB.Model(&world.Post{ID: 10}).Update("title", "short").Error)
		w.Drain()
		w.WantDifferences()
	})
}

// The version of a removal may be anything; here it is that of a far future, so
// that no time can pass it by.
func TestRebuild_highestVersion(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "sqlite"})
	w.Seed()
	w.Drain()
	w.Apply("site:posts", timak.RemoveEntry("posts:10", "").WithVersion(timak.MaxVersion))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	report, err := w.Plugin.Rebuild(ctx, timakgorm.RebuildOptions{})
	if err != nil || report.Remaining != 1 || report.Missing != 1 {
		t.Errorf("got %+v, %v; want one missing that nothing can put", report, err)
	}
}
