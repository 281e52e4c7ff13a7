package relay

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// TestRooms: timelines with the most room come first, a few at a time, and one that was tried
// in vain waits for longer each time, and not for ever.
func TestRooms(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r rooms
		if got := r.until(time.Hour); got != time.Hour {
			t.Errorf("without any: until %v", got)
		}
		for n := range healMost + 1 {
			r.put(room{key: fmt.Sprint(n), items: n})
		}
		r.put(room{key: "0", items: 99})
		if got := r.until(time.Hour); got > 0 {
			t.Errorf("with some: until %v", got)
		}
		taken := r.take()
		if len(taken) != healMost || taken[0].key != "0" || taken[healMost-1].key != "2" {
			t.Fatalf("got %v", taken)
		}
		if taken = r.take(); len(taken) != 1 || taken[0].key != "1" {
			t.Fatalf("then got %v", taken)
		}
		tries, before := 0, time.Now()
		for one := taken[0]; ; tries++ {
			r.again(one)
			wait := r.until(time.Hour)
			if wait == time.Hour {
				break
			}
			if wait <= 0 || wait > lastAgeWait {
				t.Fatalf("try %d: waits for %v", tries, wait)
			}
			time.Sleep(wait - 1)
			if early := r.take(); len(early) > 0 {
				t.Fatalf("try %d: taken too early", tries)
			}
			time.Sleep(1)
			one = r.take()[0]
		}
		if took := time.Since(before); tries != roomTries-1 || took < time.Minute || took > 10*time.Minute {
			t.Errorf("%d tries in %v", tries, took)
		}
	})
}

// TestRooms_many: no more wait than may; one that waits is told again.
func TestRooms_many(t *testing.T) {
	t.Parallel()
	var r rooms
	for n := range roomsMost + 1 {
		r.put(room{key: fmt.Sprint(n)})
		r.setDear(fmt.Sprint(n), true)
	}
	if len(r.waiting) != roomsMost || len(r.dear) != roomsMost {
		t.Errorf("%d wait, %d are dear", len(r.waiting), len(r.dear))
	}
	r.put(room{key: "7", items: 3})
	if r.waiting["7"].items != 3 {
		t.Error("what waits is not told again")
	}
	r.setDear("7", false)
	if r.isDear("7") || !r.isDear("8") {
		t.Error("dear: 7 is, or 8 is not")
	}
}
