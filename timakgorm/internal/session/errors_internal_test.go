package session

import (
	"database/sql"
	"errors"
	"testing"

	_ "github.com/glebarez/sqlite" // the driver "sqlite"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
)

var errNoPool = errors.New("timakgorm: no pool")

// The errors of this package contain the name of timakgorm once, even if an error
// that has it already is their cause.
func TestErrors_nameOnce(t *testing.T) {
	t.Parallel()
	tables := &dialect.Tables{Dialect: dialect.Postgres}
	s := New(tables, Options{DB: func() (*sql.DB, error) { return nil, errNoPool }})
	posts := &dialect.Table{Model: &model.Model{Table: "posts"}, Dialect: dialect.Postgres}

	_, homeErr := s.HomeOf(t.Context(), nil, posts)
	_, nowErr := s.HomeNow(t.Context(), nil, posts)
	_, meaningErr := s.MeaningOf(t.Context(), nil, `"posts"`)
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	begun, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	tx := &Transaction{Tx: begun, spoilt: errNoPool}

	for _, test := range []struct {
		err  error
		want string
	}{
		{homeErr, "timakgorm: find table posts: no pool"},
		{nowErr, "timakgorm: find table posts: no pool"},
		{meaningErr, `timakgorm: look up the name "posts": no pool`},
		{tx.Commit(), "timakgorm: commit: rolled back, because a change in the transaction could not be recorded: no pool"},
	} {
		if test.err == nil || test.err.Error() != test.want || !errors.Is(test.err, errNoPool) {
			t.Errorf("got %v, want %s", test.err, test.want)
		}
	}
}
