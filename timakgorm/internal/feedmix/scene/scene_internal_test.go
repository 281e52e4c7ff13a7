package scene

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/feedmix/feed"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/ideal"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/measured"
	"github.com/timak-go/timak/timakgorm/internal/feedmix/script"
)

const ms = time.Millisecond

// played plays operations on a side, one each 10 ms.
func played(t *testing.T, side feed.Side, capacity int, ops ...script.Op) *measured.Result {
	t.Helper()
	s := &scene{Result: &measured.Result{}, side: side, capacity: capacity, sleep: time.Sleep}
	if err := s.play(t.Context(), ops, 10*ms); err != nil {
		t.Fatal(err)
	}
	return s.Result
}

func wantAll(t *testing.T, name string, got *measured.Latencies, n int, each time.Duration) {
	t.Helper()
	if got.Count() != n || got.Percentile(1) != each || got.Percentile(100) != each && n > 0 {
		t.Errorf("%s: %d of %v to %v, want %d of %v", name, got.Count(), got.Percentile(1), got.Percentile(100), n, each)
	}
}

// TestScene_reads: how far a feed is read, and which page counts as what, to the
// microsecond of a clock that stands still.
func TestScene_reads(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		posts         int
		depth         script.Depth
		further, past int
	}{
		{"first page", 200, script.FirstPage, 0, 0},
		{"to the end of what is kept", 200, script.ToEnd, 2, 0},
		{"past it", 200, script.PastEnd, 2, 1},
		{"a short feed", 50, script.PastEnd, 2, 0},
		{"a feed as long as is kept", 60, script.PastEnd, 2, 0},
		{"one post more", 61, script.PastEnd, 2, 1},
		{"an empty feed", 0, script.PastEnd, 0, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			side := &ideal.Side{Posts: ideal.Feed(tt.posts), PageTakes: 3 * ms}
			got := played(t, side, 60, script.Op{Kind: script.ReadHome, Depth: tt.depth})
			wantAll(t, tt.name+": home", &got.Home, 1, 3*ms)
			zeroIfNone := func(n int) time.Duration { return min(time.Duration(n), 1) * 3 * ms }
			wantAll(t, tt.name+": further", &got.Further, tt.further, zeroIfNone(tt.further))
			wantAll(t, tt.name+": past the end", &got.Past, tt.past, zeroIfNone(tt.past))
			if want := 1 + tt.further + tt.past; side.Reads() != want {
				t.Errorf("%s: %d reads, want %d", tt.name, side.Reads(), want)
			}
		})
	}
}

// TestScene_kinds: each kind is counted where it belongs.
func TestScene_kinds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		got := played(t, &ideal.Side{PageTakes: 3 * ms, ChangeTakes: 5 * ms}, 60,
			script.Op{Kind: script.ReadAuthor}, script.Op{Kind: script.Publish, Post: feed.Post{ID: 1}}, script.Op{Kind: script.Edit}, script.Op{Kind: script.Delete},
			script.Op{Kind: script.Subscribe}, script.Op{Kind: script.Subscribe, Unfollow: true}, script.Op{Kind: script.ReadHome})
		wantAll(t, "author", &got.Author, 1, 3*ms)
		wantAll(t, "home", &got.Home, 1, 3*ms)
		wantAll(t, "write", &got.Write, 5, 5*ms)
		wantAll(t, "visible", &got.Visible, 0, 0)
		wantAll(t, "started", &got.Started, 7, 0)
		if got.Changes != 5 || got.Late != 3*ms {
			t.Errorf("%d changes, the last %v late; want 5, %v", got.Changes, got.Late, 3*ms)
		}
	})
}

// TestScene_visible: what is measured is at most a tenth and a read more than how long a
// post is invisible, and never less.
func TestScene_visible(t *testing.T) {
	t.Parallel()
	for _, hidden := range []time.Duration{0, ms, 7 * ms, 300 * ms, 20 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			post := feed.Post{ID: 1000, At: feed.Start.Add(time.Hour)}
			side := &ideal.Side{Posts: ideal.Feed(50), PageTakes: ms, ChangeTakes: 5 * ms, Lags: hidden}
			got := played(t, side, 60, script.Op{Kind: script.Publish, Post: post, Watcher: 3})
			seen := got.Visible.Percentile(50)
			if got.Visible.Count() != 1 || got.Unseen != 0 || seen < hidden || seen > hidden+hidden/10+2*ms {
				t.Errorf("hidden for %v: measured %v of %d, %d unseen", hidden, seen, got.Visible.Count(), got.Unseen)
			}
		})
	}
}

// TestScene_visibleBelow: newer posts may have pushed it off the first page.
func TestScene_visibleBelow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		side := &ideal.Side{Posts: ideal.Feed(100), PageTakes: ms}
		seen, err := sees(t.Context(), side, 1, feed.Post{ID: 50, At: feed.Start.Add(50 * time.Second)})
		if err != nil || !seen || side.Reads() != 3 {
			t.Errorf("seen %v after %d reads, %v; want it on the third page", seen, side.Reads(), err)
		}
		seen, err = sees(t.Context(), side, 1, feed.Post{ID: 5000, At: feed.Start.Add(50 * time.Second)})
		if err != nil || seen || side.Reads() != 6 {
			t.Errorf("seen %v after %d reads, %v; want none of it on three pages", seen, side.Reads()-3, err)
		}
	})
}

// TestScene_unseen: what nobody sees within a minute is told, and does not hold up the run.
func TestScene_unseen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		got := played(t, &ideal.Side{Lags: time.Hour}, 60, script.Op{Kind: script.Publish, Post: feed.Post{ID: 1, At: feed.Start}, Watcher: 3})
		if seen := got.Visible.Percentile(50); got.Unseen != 1 || seen < watchPatience {
			t.Errorf("%d unseen, measured %v; want 1, at least %v", got.Unseen, seen, watchPatience)
		}
	})
}

// TestScene_late: an operation that goes on after the last was due shows in Late.
func TestScene_late(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		got := played(t, &ideal.Side{PageTakes: ms, ChangeTakes: 500 * ms}, 60, script.Op{Kind: script.Edit}, script.Op{Kind: script.ReadHome}, script.Op{Kind: script.ReadHome})
		if want := 480 * ms; got.Late != want {
			t.Errorf("the last ended %v late, want %v", got.Late, want)
		}
	})
}

// broken is a side whose edits fail.
type broken struct{ *ideal.Side }

var errBroken = errors.New("broken")

func (broken) Edit(context.Context, feed.Post) error { return errBroken }

// TestScene_error: an operation that fails ends the run, with its error.
func TestScene_error(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		side := broken{&ideal.Side{PageTakes: ms}}
		s := &scene{Result: &measured.Result{}, side: side, capacity: 60, sleep: time.Sleep}
		ops := []script.Op{{Kind: script.Edit}, {Kind: script.ReadHome}, {Kind: script.ReadHome}}
		if err := s.play(t.Context(), ops, 10*ms); !errors.Is(err, errBroken) {
			t.Errorf("got %v, want %v", err, errBroken)
		}
		if side.Reads() > 1 {
			t.Errorf("%d reads after it", side.Reads())
		}
	})
}

// TestScene_due: when operations begin late, their latency counts from when they were due.
func TestScene_due(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		oversleeps := func(d time.Duration) { time.Sleep(d + 7*ms) }
		s := &scene{Result: &measured.Result{}, side: &ideal.Side{PageTakes: 3 * ms, ChangeTakes: 5 * ms}, capacity: 60, sleep: oversleeps}
		ops := []script.Op{{Kind: script.ReadHome}, {Kind: script.ReadHome}, {Kind: script.ReadAuthor}, {Kind: script.Edit}}
		if err := s.play(t.Context(), ops, 10*ms); err != nil {
			t.Fatal(err)
		}
		if late, least := s.Home.Percentile(100), s.Home.Percentile(1); late != 10*ms || least != 3*ms {
			t.Errorf("home took %v and %v, want 3ms, and 7ms more", least, late)
		}
		wantAll(t, "author", &s.Author, 1, 10*ms)
		wantAll(t, "write", &s.Write, 1, 12*ms)
		if late := s.Started.Percentile(100); late != 7*ms || s.Late != 12*ms {
			t.Errorf("began %v late, the last ended %v late; want 7ms, 12ms", late, s.Late)
		}
	})
}
