// Package riakstore keeps timelines in Riak KV. Any node accepts writes, writers in
// any number of processes never wait for each other, and the loss of one node goes
// unnoticed by callers.
//
//	store, err := riakstore.Open([]string{"10.0.0.1:8087", "10.0.0.2:8087"}, nil)
//
// # The bucket type
//
// Timelines need a bucket type that keeps siblings and uses dotted version vectors.
// Open refuses any other type, and names the command that fixes it. It also refuses
// a bucket whose own properties drop siblings. Create the type once, on any node:
//
//	riak admin bucket-type create timelines '{"props":{"allow_mult":true,"last_write_wins":false,"dvv_enabled":true}}'
//	riak admin bucket-type activate timelines
//
// Its n_val, three replicas by default, must not be changed later. The type
// "default" is not suitable, nor are types with a datatype or with write_once.
// Applications that share a cluster need a bucket type or a bucket each (Options),
// as they may use the same keys.
//
// # The backend
//
// A write reads a timeline and stores it whole. This favours leveled for values of
// 16 KB and more: it reads heads without bodies, so one replica sends the value and
// the others only say how new theirs is. Bitcask comes second: one seek per read,
// but dead bytes to merge. LevelDB rewrites large values when it compacts. This
// follows from their designs and was not measured: all figures below are from
// bitcask.
//
// # Sizes
//
// A value is a whole timeline. Riak works best with values below 100 KB to 1 MB,
// warns at 5 MB and refuses 50 MB, counted over all siblings of a key: see
// driver.ErrTooLarge. It refuses the 101st sibling: see ErrTooManySiblings. A read
// and a write together took 2.1 ms for 1 KB and 4.9 ms for 64 KB, on three nodes
// that shared two cores. To make timelines faster, make them smaller: see
// timak.Options.MaxItems.
//
// # Quorums
//
// By default, reads and writes need more than half of the three replicas. A reader
// then finds everything written before, as long as no more than one of a key's
// replicas is lost. Other choices have a price:
//
//   - R: One answers at once and may be behind, more so after a node was lost,
//     until reads have repaired what it missed.
//   - R: All and W: All wait for the slowest node, and for stand-ins of lost ones.
//   - PR and PW refuse requests rather than let stand-ins take part. With 2, some
//     keys can be neither read nor written while one of three nodes is lost; with 3,
//     no key can. Requests fail with driver.ErrUnavailable. A write that fails this
//     way may still be stored later.
//
// A key that is not found costs a second request, with R: One and in such a way
// that replicas without the key do not count. Right after one of three nodes was
// killed, this many of 3000 existing keys were reported as not found by a single
// request:
//
//	with more than half (the default)                209 to 213
//	the same, replicas without the key not counting  251, and slowly
//	with one                                         1499
//	with all                                         0
//	with one, replicas without the key not counting  0
//
// # When nodes fail
//
// Stand-ins on other nodes accept writes for a lost node and hand them over when it
// is back. If a node does not answer a request within Options.RequestTimeout, the
// request goes to another node, for as long as Options.RetryTime. A node that
// failed is asked last for two seconds; then a single request tries it first. When
// the answer to a write is lost, the store looks for the write before it sends it
// again. When Riak itself cannot tell what happened to a write, as after a timeout
// among its nodes, the write fails even if it is stored: too few replicas may have
// it. What fails in the end wraps driver.ErrUnavailable.
//
// Pass Open the addresses of all nodes, or addresses that lead to several nodes:
// only the named addresses are asked.
//
// # How many nodes
//
// Riak spreads replicas over nodes by its setting target_n_val, which is 4. On
// three nodes this cannot be met, and half of all keys have two of their three
// replicas on one node. Use at least four nodes, or build the ring of three with
// target_n_val 3, set in advanced.config before the nodes join; in the count above
// the default quorum was then right about every key:
//
//	{riak_core, [{target_n_val, 3}]}
//
// # Security
//
// For a cluster with security on, set Options.User, Password (see secret.Text) and
// TLS: Riak accepts a password only over TLS. No error, log line or printed value
// shows it. The user needs these permissions on the bucket type:
//
//	riak admin security grant riak_kv.get,riak_kv.put,riak_kv.delete,riak_core.get_bucket_type on timelines to blog
//
// The permission to delete is for the scratch key with which Open checks for dotted
// version vectors. Without it such keys stay, and do no harm.
package riakstore
