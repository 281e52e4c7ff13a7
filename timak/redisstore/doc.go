// Package redisstore keeps timelines in Redis or Valkey: one server, one behind
// Sentinels, or a cluster. It is built on github.com/redis/go-redis/v9. Any number of
// processes may share a server.
//
//	store, err := redisstore.Open(ctx, "redis://user:password@10.0.0.1:6379", nil)
//
// A timeline is a hash, from a name of each put to its value; a value of 32 KB or more is
// two fields, so that a first page leaves the rest where it is (docs/format.md). A read
// is one round trip, and so is a put: a transaction on one key. A first page is two if
// there is nothing, or if several values are there to be merged. A change of a few items of
// a timeline of 16 KB or more is a value of its own, of some hundred bytes, until there are 16
// of those. It is tested with Redis 7.
//
// # What a crash or a failover may lose
//
// Redis acknowledges a write before it is on disk and before a replica has it. So a
// write that was acknowledged may be lost, and what makes that less likely are
// settings of the server:
//
//   - Without persistence (save "" and appendonly no) a restart loses everything.
//   - With snapshots alone (save) a crash loses what came after the latest one:
//     minutes, by default.
//   - With appendonly yes and appendfsync everysec a crash of the machine loses about
//     the last second, and one of Redis nothing, unless the disk is slow: while it
//     syncs, Redis keeps what it acknowledges in memory, for two seconds at most.
//     This is the least that timelines should have.
//   - With appendfsync always a crash of the machine loses nothing that was
//     acknowledged, at the price of one sync of the disk for each round of writes.
//   - When a replica takes over, what it had not received is lost, whatever the
//     settings above.
//   - min-replicas-to-write 1 with min-replicas-max-lag makes a master refuse writes
//     while it has no replica that answers: the error wraps driver.ErrUnavailable. It
//     bounds what a master loses that is cut off from its replicas and does not know
//     that one has taken over. It does not wait for replicas: the last moment before a
//     failover can still be lost.
//   - WAIT makes a client wait for replicas. The store does not use it: a write that
//     has too few replicas stays on its master all the same, and a replica without it
//     may still be the one that takes over.
//
// So no setting of Redis excludes that an acknowledged write is lost. What is lost is
// noticed: the store is a driver.Marker. The relay of timakgorm sets a mark behind each
// batch before it forgets the changes. If the server has restarted, or another one
// taken over, while a batch was written, it writes the batch again. If a mark is lost, it
// says so until the timelines are rebuilt: see timakgorm.Options.RebuildAfterLoss. A
// restart that keeps its data, and a failover to a replica that was up to date, lose no
// mark.
//
// A cluster with one master down sets no mark. Until that master is back or replaced, the
// relay applies changes again and again and forgets none: none is lost. After slots were
// moved, a failover of the master that had them may go unnoticed: run Rebuild after it. Do
// not put a virtual address before two masters that live: each of them is a store of its
// own.
//
// On a cluster each master has marks of its own, in 64 slots that lie evenly among
// all: a master that has no 272 slots in a row may lose writes unnoticed. Keys that
// somebody deletes, or that a server evicts, are not noticed either: Open refuses a
// server that evicts timelines, by its maxmemory-policy.
//
// # Memory
//
// Timelines are in memory. One of 1,000 items takes about 9 KB without data and 92 KB
// with 200 bytes each (bench_test.go), and Redis' own overhead. A server that has
// reached its maxmemory refuses puts, and keeps what it has: the error wraps
// driver.ErrUnavailable. Redis takes values up to 512 MB: see driver.ErrTooLarge.
//
// # When the server fails
//
// The client's own options decide how often a request is tried, and how long:
// MaxRetries, DialTimeout, ReadTimeout, PoolTimeout, and PoolSize and PipelinePoolSize
// for how many reads and puts at once.
// A put whose answer was lost is sent again: it does no harm, because every put has a
// name of its own. What fails in the end wraps driver.ErrUnavailable. A call whose
// context ends returns at once, though the client goes on for as long as its
// ReadTimeout.
//
// # Permissions
//
// The user needs these commands, on keys that begin with Options.Prefix:
//
//	ACL SETUSER blog on >password ~timak:* +info +multi +exec +hgetall +hscan +hset +hdel +hlen +hkeys +hmget +eval +evalsha
//
// and, on a cluster, +cluster|slots and +cluster|shards too. To list keys, it needs +scan
// and, on a cluster, +cluster|nodes. TLS and credentials are
// go-redis' own options.
package redisstore
