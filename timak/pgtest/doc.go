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
// temporary folder; it can be reached only through a socket in that folder. When
// the test binary ends, [Run] stops the server and removes the folder. If the
// binary is killed, a watchdog process does it.
//
// Postgres' programs (13 or later) are taken from the folder of initdb on PATH,
// or else from the highest version under /usr/lib/postgresql. Where there are
// none, the test is skipped with a message that begins "pgtest: no Postgres".
//
// If the environment variable TIMAK_TEST_POSTGRES is the DSN of a running server,
// as URL or as keywords, DSN starts no server and creates its databases there. The
// role needs the right to create databases. Databases that killed test binaries
// left behind, named timak_test_…, are dropped after a day.
package pgtest
