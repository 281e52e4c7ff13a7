package bench

import "sync"

// EachAtOnce is how often each of several callers does something in a turn, so that
// starting them does not count.
const EachAtOnce = 8

// Together has each of some callers do something with a timeline of its own: a single one
// once, several at once EachAtOnce times.
func Together(callers int, do func(owner int)) func() {
	if callers == 1 {
		return func() { do(0) }
	}
	return func() {
		var all sync.WaitGroup
		for owner := range callers {
			all.Go(func() {
				for range EachAtOnce {
					do(owner)
				}
			})
		}
		all.Wait()
	}
}
