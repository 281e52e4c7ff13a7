// Package riaktest runs a small Riak cluster inside a test. It speaks Riak's
// protocol-buffers protocol on loopback ports, keeps siblings by Riak's rules, and
// fails on demand in the ways in which a real cluster fails. Nothing is written to
// disk.
//
//	func TestFeed(t *testing.T) {
//		cluster := riaktest.Start(t, nil) // three nodes; ends with the test
//		store := open(cluster.Addresses())
//		...
//		cluster.Nodes()[0].Stop()         // kill one, and see what the store does
//
// # Buckets
//
// There are two bucket types: "timelines", with siblings and dotted version
// vectors, like any type created in Riak; and "default", with neither.
// Options.Types adds more. Requests for any other type fail with "no_type".
//
// # Nodes and replicas
//
// A key has three replicas, on consecutive partitions of a ring. A put is first
// applied by one replica, on the node that was asked if it has one, and is sent on
// from there; when the client gets its answer, every reachable replica has it. A
// replica on a node that is down (Node.Stop) is replaced by a fallback, which is
// empty until it is written to, and hands over what it took when the node is back
// (Node.Start). With CrowdedRing the loss of a single node can take two of three
// replicas with it. Cluster.Partition cuts the network, Node.Lag makes replicas
// miss writes, Cluster.SetOrder makes gets look at empty replicas first.
//
// # Faults
//
// Cluster.Inject makes a fault happen to the requests that a Match selects. For
// example
//
//	lost := cluster.Inject(riaktest.Match{Kind: riaktest.Put, Count: 1}, riaktest.LoseReply())
//
// applies the next put but never answers it. Hang and HangReply hold requests until
// Injection.Remove, so a test can put concurrent requests into any order.
// Node.Refuse, Node.Disconnect and Node.Restart are for connections.
//
// # Connections
//
// A node accepts one request at a time from a connection, and closes a connection
// that sends another one before it has the reply. Real nodes do so only while they
// stream an answer, and otherwise serve the second request after the first; no
// client should rely on that. As in Riak, most errors leave a connection open, but
// an unreadable message or an invalid vector clock closes it after the error.
//
// # Security
//
// With Options.Security a node serves a connection only after it has started TLS
// and sent a user's password. Earlier requests get the same errors as from Riak,
// and a wrong password is refused only after a delay.
//
// # What is missing
//
// Listings, secondary-index queries, map-reduce, search, data types, write-once and
// strongly consistent buckets, commit hooks, permissions, client certificates: such
// requests are answered with "Unknown message code", and such properties have no
// effect. Vector clocks are never pruned. A vector clock of this server means
// nothing to a real one.
package riaktest
