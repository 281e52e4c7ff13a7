package feedmix

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

const ms = time.Millisecond

// played plays operations on a side, one each 10 ms.
func played(t *testing.T, side Side, capacity int, ops ...Op) *Result {
	t.Helper()
	s := &scene{Result: &Result{}, side: side, capacity: capacity, sleep: time.Sleep}
	if err := s.play(t.Context(), ops, 10*ms); err != nil {
		t.Fatal(err)
	}
	return s.Result
}

func wantAll(t *testing.T, name string, got *Latencies, n int, each time.Duration) {
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
		depth         Depth
		further, past int
	}{
		{"first page", 200, firstPage, 0, 0},
		{"to the end of what is kept", 200, toEnd, 2, 0},
		{"past it", 200, pastEnd, 2, 1},
		{"a short feed", 50, pastEnd, 2, 0},
		{"a feed as long as is kept", 60, pastEnd, 2, 0},
		{"one post more", 61, pastEnd, 2, 1},
		{"an empty feed", 0, pastEnd, 0, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			side := &ideal{feed: feedOf(tt.posts), page: 3 * ms}
			got := played(t, side, 60, Op{Kind: ReadHome, Depth: tt.depth})
			wantAll(t, tt.name+": home", &got.Home, 1, 3*ms)
			zeroIfNone := func(n int) time.Duration { return min(time.Duration(n), 1) * 3 * ms }
			wantAll(t, tt.name+": further", &got.Further, tt.further, zeroIfNone(tt.further))
			wantAll(t, tt.name+": past the end", &got.Past, tt.past, zeroIfNone(tt.past))
			if want := 1 + tt.further + tt.past; side.reads != want {
				t.Errorf("%s: %d reads, want %d", tt.name, side.reads, want)
			}
		})
	}
}

// TestScene_kinds: each kind is counted where it belongs.
func TestScene_kinds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		got := played(t, &ideal{page: 3 * ms, change: 5 * ms}, 60,
			Op{Kind: ReadAuthor}, Op{Kind: Publish, Post: Post{ID: 1}}, Op{Kind: Edit}, Op{Kind: Delete},
			Op{Kind: Subscribe}, Op{Kind: Subscribe, Unfollow: true}, Op{Kind: ReadHome})
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
			post := Post{ID: 1000, At: start.Add(time.Hour)}
			side := &ideal{feed: feedOf(50), page: ms, change: 5 * ms, invisible: hidden}
			got := played(t, side, 60, Op{Kind: Publish, Post: post, Watcher: 3})
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
		side := &ideal{feed: feedOf(100), page: ms}
		seen, err := sees(t.Context(), side, 1, Post{ID: 50, At: start.Add(50 * time.Second)})
		if err != nil || !seen || side.reads != 3 {
			t.Errorf("seen %v after %d reads, %v; want it on the third page", seen, side.reads, err)
		}
		seen, err = sees(t.Context(), side, 1, Post{ID: 5000, At: start.Add(50 * time.Second)})
		if err != nil || seen || side.reads != 6 {
			t.Errorf("seen %v after %d reads, %v; want none of it on three pages", seen, side.reads-3, err)
		}
	})
}

// TestScene_unseen: what nobody sees within a minute is told, and does not hold up the run.
func TestScene_unseen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		got := played(t, &ideal{invisible: time.Hour}, 60, Op{Kind: Publish, Post: Post{ID: 1, At: start}, Watcher: 3})
		if seen := got.Visible.Percentile(50); got.Unseen != 1 || seen < watchPatience {
			t.Errorf("%d unseen, measured %v; want 1, at least %v", got.Unseen, seen, watchPatience)
		}
	})
}

// TestScene_late: an operation that goes on after the last was due shows in Late.
func TestScene_late(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		got := played(t, &ideal{page: ms, change: 500 * ms}, 60, Op{Kind: Edit}, Op{Kind: ReadHome}, Op{Kind: ReadHome})
		if want := 480 * ms; got.Late != want {
			t.Errorf("the last ended %v late, want %v", got.Late, want)
		}
	})
}

// broken is a side whose edits fail.
type broken struct{ *ideal }

var errBroken = errors.New("broken")

func (broken) Edit(context.Context, Post) error { return errBroken }

// TestScene_error: an operation that fails ends the run, with its error.
func TestScene_error(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		side := broken{&ideal{page: ms}}
		s := &scene{Result: &Result{}, side: side, capacity: 60, sleep: time.Sleep}
		ops := []Op{{Kind: Edit}, {Kind: ReadHome}, {Kind: ReadHome}}
		if err := s.play(t.Context(), ops, 10*ms); !errors.Is(err, errBroken) {
			t.Errorf("got %v, want %v", err, errBroken)
		}
		if side.reads > 1 {
			t.Errorf("%d reads after it", side.reads)
		}
	})
}

// TestScene_due: when operations begin late, their latency counts from when they were due.
func TestScene_due(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		oversleeps := func(d time.Duration) { time.Sleep(d + 7*ms) }
		s := &scene{Result: &Result{}, side: &ideal{page: 3 * ms, change: 5 * ms}, capacity: 60, sleep: oversleeps}
		ops := []Op{{Kind: ReadHome}, {Kind: ReadHome}, {Kind: ReadAuthor}, {Kind: Edit}}
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
