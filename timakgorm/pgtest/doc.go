// Package pgtest gives each test an empty Postgres database of its own.
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }
//
//	func TestSave(t *testing.T) {
//		t.Parallel()
//		db, err := gorm.Open(postgres.Open(pgtest.DSN(t)))
//		…
//	}
//
// The first call of [DSN] starts one server for the whole test binary, in a
// temporary folder, reachable only through a socket in that folder. The server
// ends and the folder goes with the test binary, however that ends: [Run] sees
// to it in good order, a watchdog process when the binary is killed.
//
// Postgres' programs (13 or later) are taken from the folder of initdb on PATH,
// or else from the highest version under /usr/lib/postgresql. Where there are
// none the test is skipped, with a message that begins "pgtest: no Postgres".
//
// With the environment variable TIMAK_TEST_POSTGRES set to the DSN of a running
// server, as URL or as keywords, DSN starts none and makes its databases there.
// The role needs the right to create databases. Databases that killed test
// binaries left behind, named timak_test_…, are dropped after a day.
package pgtest
