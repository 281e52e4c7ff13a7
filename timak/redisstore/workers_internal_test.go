package redisstore

import (
	"testing"
	"testing/synctest"
)

// All jobs run at once, some workers are kept for later ones, and none after the end.
func TestWorkers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorkers()
		started := make(chan bool, 3*mostIdle)
		for range 2 { // the second time, some are there
			finish := make(chan bool)
			for range 3 * mostIdle {
				w.run(func() { started <- true; <-finish })
			}
			synctest.Wait()
			if n := len(started); n != 3*mostIdle || len(w.idle) != 0 {
				t.Errorf("%d of %d jobs run, and %d workers are idle", n, 3*mostIdle, len(w.idle))
			}
			for len(started) > 0 {
				<-started
			}
			close(finish)
			synctest.Wait()
			if len(w.idle) != mostIdle {
				t.Errorf("%d workers are idle, want %d", len(w.idle), mostIdle)
			}
		}
		w.end()
		synctest.Wait()
		w.run(func() { started <- true })
		synctest.Wait()
		if len(started) != 1 || len(w.idle) != 0 {
			t.Errorf("after the end %d jobs run, and %d workers are idle; want 1 and none", len(started), len(w.idle))
		}
	})
}
