// Package riaktest runs a small Riak cluster inside a test. It speaks Riak's
// protocol-buffers protocol on loopback ports, keeps siblings by Riak's rules,
// and fails on demand in the ways in which a real cluster fails. Nothing is
// written to disk.
//
//	func TestFeed(t *testing.T) {
//		cluster := riaktest.Start(t, nil) // three nodes; ends with the test
//		store := open(cluster.Addresses())
//		...
//		cluster.Nodes()[0].Stop()         // kill one, and see what the store does
//
// # Buckets
//
// Two bucket types are there: "timelines", with siblings and dotted version
// vectors, as any type that is created in Riak; and "default", with neither.
// Options.Types adds more. Requests for another type fail with "no_type".
//
// # Nodes and replicas
//
// A key has three replicas, on consecutive partitions of a ring. A put is first
// applied by one replica, on the node that was asked if it has one, and is sent
// on from there; when the client gets its answer, every replica that can be
// reached has it. A replica on a node that is down (Node.Stop) is replaced by a
// fallback, which has nothing until it is written to, and hands over what it
// took when the node is back (Node.Start). With CrowdedRing a single lost node
// can take two of three replicas along. Cluster.Partition cuts the network,
// Node.Lag makes replicas miss writes, Cluster.SetOrder makes gets look at
// empty replicas first.
//
// # Faults
//
// Cluster.Inject makes something happen to the requests that a Match names:
//
//	lost := cluster.Inject(riaktest.Match{Kind: riaktest.Put, Count: 1}, riaktest.LoseReply())
//
// applies the next put but never answers it. Hang and HangReply hold requests
// until Injection.Remove, which also puts concurrent requests into any order
// that a test wants. Node.Refuse, Node.Disconnect and Node.Restart are for
// connections.
//
// # Connections
//
// A node takes one request at a time from a connection, and ends a connection
// that sends another one before it has the reply. Real nodes do so while they
// stream an answer, and otherwise serve the second request after the first; no
// client should count on it. As in Riak, most errors leave a connection open,
// but a message that cannot be read, or a vector clock that is none, ends it
// after the error.
//
// # Security
//
// With Options.Security a node serves a connection only after it has started
// TLS and given a user's password; what comes before that is answered with the
// errors that Riak gives, and a wrong password only after a while.
//
// # What is not there
//
// Listings, secondary-index queries, map-reduce, search, data types, write-once
// and strongly consistent buckets, commit hooks, permissions, client
// certificates: such requests are answered with "Unknown message code", and such
// properties do nothing. Vector clocks are never pruned. A vector clock of this
// server means nothing to a real one.
package riaktest
