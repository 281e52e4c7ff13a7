package pgstore_test

import (
	"errors"
	"testing"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/pgstore"
)

func TestPutReturnsATokenForTheOnlySibling(t *testing.T) {
	t.Parallel()
	store := open(t, migrated(t), nil)
	token := put(t, store, "1", nil)
	for _, value := range []string{"2", "3"} {
		if token = put(t, store, value, token); token == nil {
			t.Errorf("Put of %s returned no token", value)
		}
	}
	want(t, store, "3")
}

// A token that was given out before a backup was restored covers nothing that was
// written afterwards: a program may run on, and remember its last put.
func TestTokenFromBeforeARestore(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	store, other := open(t, dsn, nil), open(t, dsn, nil)
	token := put(t, store, "lost", nil)
	execute(t, dsn, `DROP TABLE timak_timelines, timak_timelines_migrations`)
	migrate(t, dsn, nil)
	put(t, other, "written after the restore", nil)
	put(t, store, "by a program that ran on", token)
	want(t, store, "written after the restore", "by a program that ran on")
}

func TestTokenOfAnotherKey(t *testing.T) {
	t.Parallel()
	store := open(t, migrated(t), nil)
	token := put(t, store, "1", nil)
	for _, bad := range []driver.Token{token, token[:len(token)-1], append(token[:1:1], token[9:]...)} {
		if _, err := store.Put(t.Context(), "another", nil, bad); !errors.Is(err, driver.ErrToken) {
			t.Errorf("Put with %x: got %v, want ErrToken", bad, err)
		}
	}
	if obj, err := store.Get(t.Context(), "another"); err != nil || len(obj.Siblings) > 0 {
		t.Errorf("got %q, %v; want nothing", obj.Siblings, err)
	}
	want(t, store, "1")
}

// Two stores of one database are one: each understands the other's tokens.
func TestTokenOfAnotherStore(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	store, other := open(t, dsn, nil), open(t, dsn, &pgstore.Options{Table: "timak_timelines"})
	put(t, store, "2", put(t, other, "1", nil))
	want(t, other, "2")
}
