package limit

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := New(0.5, 3)
		uses := func(key string) (n int, wait time.Duration) {
			for wait = l.Take(key); wait == 0; wait = l.Take(key) {
				n++
			}
			return n, wait
		}
		for _, step := range []struct {
			sleep time.Duration
			key   string
			n     int
			wait  time.Duration
		}{
			{0, "a", 3, 2 * time.Second},
			{0, "a", 0, 2 * time.Second},
			{0, "b", 3, 2 * time.Second},
			{time.Second, "a", 0, time.Second},
			{time.Second, "a", 1, 2 * time.Second},
			{5 * time.Second, "a", 2, time.Second}, // the generations have turned
			{time.Minute, "a", 3, 2 * time.Second},
		} {
			time.Sleep(step.sleep)
			if n, wait := uses(step.key); n != step.n || wait != step.wait {
				t.Errorf("%+v: got %d uses, then %v", step, n, wait)
			}
		}
		l.Forget("a")
		if n, _ := uses("a"); n != 3 {
			t.Errorf("after Forget: got %d uses, want 3", n)
		}
	})
}

// However many keys there are, the memory is bounded, and what is used all the time is
// remembered.
func TestLimit_manyKeys(t *testing.T) {
	t.Parallel()
	l := New(1e-6, 1)
	l.keys = 100
	l.Take("used")
	for n := range 1000 {
		l.Take(fmt.Sprint(n))
		if wait := l.Take("used"); wait == 0 {
			t.Fatalf("after %d other keys: forgotten", n)
		}
	}
	if n := len(l.young) + len(l.ripe); n > 200 {
		t.Errorf("%d keys are kept, want at most 200", n)
	}
}
