// Package riakstore keeps timelines in Riak KV: any node takes a write, writers
// in any number of processes never wait for each other, and a lost node is not
// noticed.
//
//	store, err := riakstore.Open([]string{"10.0.0.1:8087", "10.0.0.2:8087"}, nil)
//
// # The bucket type
//
// Timelines need a bucket type that keeps siblings and uses dotted version
// vectors; Open refuses any other, with the command that mends it, and a bucket
// whose own properties drop siblings. Make it once,
// on any node:
//
//	riak admin bucket-type create timelines '{"props":{"allow_mult":true,"last_write_wins":false,"dvv_enabled":true}}'
//	riak admin bucket-type activate timelines
//
// Its n_val, three replicas by default, is not to be changed later. The type
// "default" will not do, nor types with a datatype, nor write_once. Applications
// that share a cluster take a bucket type or a bucket each (Options): their keys
// may be the same.
//
// # The backend
//
// A write reads a timeline and stores it whole. That speaks for leveled where
// values are 16 KB and more: it reads heads without bodies, so that one replica
// sends a value and the others only say how new theirs is. Bitcask comes second:
// one seek a read, but dead bytes to merge. LevelDB rewrites large values as it
// compacts. This follows from how they work and was not measured: all figures
// below are from bitcask.
//
// # Sizes
//
// A value is a whole timeline. Riak works best below 100 KB to 1 MB, warns at
// 5 MB and refuses 50 MB, counted over all siblings of a key: see
// driver.ErrTooLarge. It refuses the 101st sibling: see ErrTooManySiblings. A read
// and a write together took 2.1 ms for 1 KB and 4.9 ms for 64 KB, on three nodes
// that shared two cores. Smaller timelines are the best way to faster ones: see
// timak.Options.MaxItems.
//
// # Quorums
//
// With the defaults, more than half of three replicas for reads and for writes,
// a reader finds what was written before, as long as no more than one of a key's
// replicas is lost. Other choices cost:
//
//   - R: One answers at once and may be behind, more so after a node was lost,
//     until reads have mended what it missed.
//   - R: All and W: All wait for the slowest node, and for stand-ins of lost ones.
//   - PR and PW refuse requests rather than let stand-ins take part. With 2, some
//     keys can be neither read nor written while one of three nodes is lost, and
//     with 3, none: requests fail with driver.ErrUnavailable. A write that fails
//     so may still be there later.
//
// A key that is not found costs a second request, with R: One and such that a
// replica without the key does not count. Right after one of three nodes was
// killed, a single request reported of 3000 keys that were there as not found:
//
//	with more than half (the default)                209 to 213
//	so, where replicas without the key do not count  251, and slowly
//	with one                                         1499
//	with all                                         0
//	with one, where they do not count                0
//
// # When nodes fail
//
// Stand-ins on other nodes take writes for a lost one and hand them over when it
// is back. A request that a node does not answer within Options.RequestTimeout
// goes to another, for as long as Options.RetryTime; a node that failed is asked
// last for two seconds, and then by one request at first. A write whose answer was
// lost is looked for before it is sent again. When Riak itself says that it could
// not tell what became of a write, such as after a timeout among its nodes, the
// write fails even if it is there: too few replicas may have it. What fails in the
// end wraps driver.ErrUnavailable.
//
// Name all nodes to Open, or addresses behind which there are several: only
// those that are named are asked.
//
// # How many nodes
//
// Riak spreads replicas over nodes by its setting target_n_val, which is 4. On
// three nodes it cannot, and half of all keys have two of their three replicas
// on one node. Have at least four nodes, or build the ring of three with
// target_n_val 3, in advanced.config before the nodes join; in the count above
// the default was then right about every key:
//
//	{riak_core, [{target_n_val, 3}]}
//
// # Security
//
// For a cluster with security on set Options.User, Password (see secret.Text) and
// TLS: Riak takes a password only over TLS. No error, log line or printed value
// shows it. The user needs these permissions on the bucket type:
//
//	riak admin security grant riak_kv.get,riak_kv.put,riak_kv.delete,riak_core.get_bucket_type on timelines to blog
//
// The right to delete is for the scratch key by which Open looks for dotted
// version vectors; without it such keys stay, and do no harm.
package riakstore
