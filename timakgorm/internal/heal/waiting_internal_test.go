package heal

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// TestWaiting: timelines with the most room come first, a few at a time, and one that was tried
// in vain waits for longer each time, and not for ever.
func TestWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var w waiting
		if got := w.until(time.Hour); got != time.Hour {
			t.Errorf("without any: until %v", got)
		}
		for n := range most + 1 {
			w.put(Room{Key: fmt.Sprint(n), Items: n})
		}
		w.put(Room{Key: "0", Items: 99})
		if got := w.until(time.Hour); got > 0 {
			t.Errorf("with some: until %v", got)
		}
		taken := w.take()
		if len(taken) != most || taken[0].Key != "0" || taken[most-1].Key != "2" {
			t.Fatalf("got %v", taken)
		}
		if taken = w.take(); len(taken) != 1 || taken[0].Key != "1" {
			t.Fatalf("then got %v", taken)
		}
		tries, before := 0, time.Now()
		for one := taken[0]; ; tries++ {
			w.again(one, false)
			wait := w.until(time.Hour)
			if wait == time.Hour {
				break
			}
			if wait <= 0 || wait > longestWait {
				t.Fatalf("try %d: waits for %v", tries, wait)
			}
			time.Sleep(wait - time.Nanosecond)
			if early := w.take(); len(early) > 0 {
				t.Fatalf("try %d: taken too early", tries)
			}
			time.Sleep(time.Nanosecond)
			one = w.take()[0]
		}
		if took := time.Since(before); tries != mostTries-1 || took < time.Minute || took > 10*time.Minute {
			t.Errorf("%d tries in %v", tries, took)
		}
	})
}

// TestWaiting_many: no more wait than may; one that waits is told again.
func TestWaiting_many(t *testing.T) {
	t.Parallel()
	var w waiting
	for n := range mostWait + 1 {
		w.put(Room{Key: fmt.Sprint(n)})
		w.setDear(fmt.Sprint(n), true)
	}
	if len(w.rooms) != mostWait || len(w.dear) != mostWait {
		t.Errorf("%d wait, %d are dear", len(w.rooms), len(w.dear))
	}
	w.put(Room{Key: "7", Items: 3})
	if w.rooms["7"].Items != 3 {
		t.Error("what waits is not told again")
	}
	w.setDear("7", false)
	if w.isDear("7") || !w.isDear("8") {
		t.Error("dear: 7 is, or 8 is not")
	}
}

// TestWaiting_tried: a timeline that waits for another try goes on with that, whatever is
// removed from it meanwhile, and no batch tries it.
func TestWaiting_tried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var w waiting
		for range 3 {
			tried := Room{Key: "a", tries: w.rooms["a"].tries}
			w.again(tried, false)
		}
		wait := w.until(time.Hour)
		w.put(Room{Key: "a", Items: 7}, Room{Key: "b"})
		if got := w.without([]Room{{Key: "a"}, {Key: "b"}, {Key: "c"}}); len(got) != 2 || got[0].Key != "b" {
			t.Errorf("without those that were tried: got %v", got)
		}
		if taken := w.take(); len(taken) != 1 || taken[0].Key != "b" {
			t.Errorf("took %v, want b alone", taken)
		}
		if got := w.until(time.Hour); got != wait {
			t.Errorf("waits for %v, want %v still", got, wait)
		}
		time.Sleep(wait)
		if taken := w.take(); len(taken) != 1 || taken[0].Items != 7 || taken[0].tries != 3 {
			t.Errorf("took %v, want a with 7 items and 3 tries", taken)
		}
	})
}

// TestWaiting_away: while the store is away, all wait, and no try counts.
func TestWaiting_away(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var w waiting
		w.put(Room{Key: "a"})
		for range 2 * mostTries {
			taken := w.take()
			if len(taken) != 1 {
				t.Fatalf("took %v", taken)
			}
			w.again(taken[0], true)
			w.put(Room{Key: "b"})
			if taken := w.take(); len(taken) != 0 {
				t.Fatalf("took %v while the store is away", taken)
			}
			delete(w.rooms, "b")
			time.Sleep(w.until(time.Hour))
		}
	})
}
