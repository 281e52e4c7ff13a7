package timakgorm

import (
	"slices"
	"testing"

	driver "gorm.io/driver/postgres"
	"gorm.io/gorm"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timakgorm/pgtest"
)

// A transaction that has only read is given no id by our asking, and asks for no
// more.
func TestHasWritten(t *testing.T) {
	t.Parallel()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	db, err := gorm.Open(driver.Open(pgtest.DSN(t)))
	must(err)
	pool, err := db.DB()
	must(err)
	t.Cleanup(func() { _ = pool.Close() })
	must(Migrate(t.Context(), db))
	p, err := New(timak.New(memstore.New(), nil), &Options{Capture: Triggers, Deliver: OnCommit})
	must(err)
	must(db.Use(p))
	begun, err := (&commitPool{DB: pool, plugin: p}).BeginTx(t.Context(), nil)
	must(err)
	tx := transactionOf(begun)
	hasID := func() (has bool) {
		t.Helper()
		must(tx.QueryRowContext(t.Context(), "SELECT pg_current_xact_id_if_assigned() IS NOT NULL").Scan(&has))
		return has
	}
	if tx.hasWritten() || hasID() {
		t.Error("the transaction is said to have written, or has an id")
	}
	if ids, err := tx.recorded(); err != nil || len(ids) > 0 || hasID() {
		t.Errorf("got %v, %v, and an id: %t", ids, err, hasID())
	}
	var id int64
	must(tx.QueryRowContext(t.Context(), "INSERT INTO timak_outbox (version, tbl, pk) VALUES (1, 't', '[1]') RETURNING id").Scan(&id))
	if ids, err := tx.recorded(); !tx.hasWritten() || err != nil || !slices.Equal(ids, []int64{id}) {
		t.Errorf("after an insert: got %v, %v, want %d", ids, err, id)
	}
	must(tx.Rollback())
}

// Which texts get a transaction.
func TestWantsTransaction(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{ // executed, read
		"INSERT INTO a VALUES (1)":                              "yes yes",
		"  -- a comment\n update a set b = 1":                   "yes yes",
		"REPLACE INTO a VALUES ('commit')":                      "yes yes",
		"TRUNCATE a":                                            "yes yes",
		"WITH x AS (DELETE FROM a RETURNING *) SELECT * FROM x": "yes yes",
		"WITH x AS (SELECT f()) SELECT * FROM x":                "yes no",
		"SELECT f()":                                            "yes no",
		"(SELECT f())":                                          "yes no",
		"EXPLAIN ANALYZE DELETE FROM a":                         "yes yes",
		"SELECT 1; INSERT INTO a VALUES (1);":                   "yes yes",
		"DO $$ BEGIN INSERT INTO a VALUES (1); END $$":          "yes yes",
		"DO $$ BEGIN INSERT INTO a VALUES (1); COMMIT; END $$":  "no no",
		"DO 'BEGIN INSERT INTO a VALUES (1); COMMIT; END'":      "no no",
		"DO $$ BEGIN CALL p(); END $$":                          "no no",
		"DELETE FROM a; COMMIT":                                 "no no",
		"BEGIN; DELETE FROM a; COMMIT":                          "no no",
		"PRAGMA foreign_keys = off; DELETE FROM a":              "no no",
		"DELETE FROM a; PRAGMA foreign_keys = on":               "no no",
		"CALL p()": "no no",
		"VACUUM":   "no no",
		"CREATE TABLE a (b int REFERENCES c ON DELETE CASCADE)": "no no",
		"ROLLBACK TO SAVEPOINT x":                               "no no",
		"":                                                      "no no",
		";":                                                     "no no",
	} {
		got := ""
		for _, executed := range []bool{true, false} {
			got += map[bool]string{true: " yes", false: " no"}[dialect{numbered: true}.wantsTransaction(sqlWords(sql), executed)]
		}
		if got[1:] != want {
			t.Errorf("%q: got%s, want %s", sql, got, want)
		}
	}
	if sqlite.wantsTransaction(sqlWords("SELECT f()"), true) {
		t.Error("SQLite: a SELECT, whose functions write nothing, gets a transaction")
	}
}
