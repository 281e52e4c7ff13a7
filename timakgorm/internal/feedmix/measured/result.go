// Package measured holds what was measured of a side.
package measured

import (
	"time"

	"github.com/timak-go/timak/timakgorm/internal/feedmix/feed"
)

// Result is what was measured of a side at one mix and rate.
type Result struct {
	Home    Latencies // the first page, since the read was due
	Author  Latencies // the same, of an author's page
	Further Latencies // pages by a cursor, of the posts that a feed keeps, since the page before
	Past    Latencies // pages by a cursor, past those
	Write   Latencies // changes, since they were due, until they were committed
	Visible Latencies // since a post was committed, until the feed of a follower has it
	Started Latencies // how late operations began

	Late    time.Duration // how long after the last was due the last ended, in the worst turn
	Changes int64
	Unseen  int64 // posts that were not visible within a minute, of those in Visible

	Written feed.Written
	WAL     int64 // bytes that the database logged
}
