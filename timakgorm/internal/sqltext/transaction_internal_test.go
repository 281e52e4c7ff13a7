package sqltext

import "testing"

// Which texts get a transaction when they are executed, and when they are read.
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
			got += map[bool]string{true: " yes", false: " no"}[Postgres.WantsTransaction(Words(sql), executed)]
		}
		if got[1:] != want {
			t.Errorf("%q: got%s, want %s", sql, got, want)
		}
	}
	if SQLite.WantsTransaction(Words("SELECT f()"), true) {
		t.Error("SQLite: a SELECT, whose functions write nothing, gets a transaction")
	}
}
