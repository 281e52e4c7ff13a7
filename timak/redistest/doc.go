// Package redistest gives tests a real Redis.
//
//	func TestMain(m *testing.M) { os.Exit(redistest.Run(m)) }
//
//	func TestPut(t *testing.T) {
//		t.Parallel()
//		store, err := redisstore.Open(t.Context(), redistest.URL(t), &redisstore.Options{Prefix: redistest.Prefix(t)})
//		…
//	}
//
// The first call of [URL] starts one server for the whole test binary, on a free
// port of the loopback address, with its files in a temporary folder. When the test
// binary ends, [Run] stops the server and removes the folder. If the binary is
// killed, a watchdog process does it. Tests that stop, kill or set up a server start
// one of their own: [NewServer], [NewPair] for a master with a replica that lags, or
// [NewCluster] for a cluster of three masters. [Server.AwaitReplica] waits for a replica.
// [NewProxy] cuts connections and loses answers on the way to a server.
//
// The program redis-server (Redis 7 or later), or valkey-server, is taken from PATH.
// Where there is none, the test is skipped with a message that begins "redistest: no
// Redis".
//
// If the environment variable TIMAK_TEST_REDIS is the URL of a running server, as
// redis://user:password@host:port/database, URL starts no server and returns that.
// Its keys outside of [Prefix] are left alone. Keys that killed test binaries left
// behind, named timak_test_…, are removed after a day.
package redistest
