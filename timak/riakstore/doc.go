// Package riakstore keeps timelines in Riak KV: any node takes a write, writers
// in any number of processes never wait for each other, and a lost node is not
// noticed.
//
//	store, err := riakstore.Open([]string{"10.0.0.1:8087", "10.0.0.2:8087"}, nil)
//
// # The bucket type
//
// Timelines need a bucket type that keeps siblings and uses dotted version
// vectors; Open refuses any other, with the command that mends it:
//
//	riak admin bucket-type create timelines '{"props":{"allow_mult":true,"last_write_wins":false,"dvv_enabled":true}}'
//	riak admin bucket-type activate timelines
//
// For values over 16 KB the leveled backend serves best, as it reads heads
// without bodies; bitcask is good too. LevelDB rewrites large values as it
// compacts.
//
// # Sizes
//
// A value is a whole timeline. Riak works best below 100 KB to 1 MB, warns at
// 5 MB and refuses 50 MB, counted over all siblings of a key, and refuses the
// 101st sibling.
//
// # Quorums
//
// The defaults, more than half of three replicas for reads and writes, give a
// reader what it has just written while no more than one of a key's nodes is
// lost. R: 1 answers faster and may be a moment behind. PR and PW refuse
// requests rather than let stand-ins take part: with PW: 2, some keys cannot be
// written while one of three nodes is lost. A key that is absent costs a second
// request, since right after a node was lost a key that exists may be reported
// as not found.
//
// # When nodes fail
//
// A request that a node does not answer within Options.RequestTimeout goes to
// another, for as long as Options.RetryTime; a node that failed is asked last
// for two seconds. A write whose answer was lost is looked for before it is sent
// again.
package riakstore
