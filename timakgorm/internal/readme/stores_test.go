package readme_test

import (
	"slices"
	"testing"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/boltstore"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/pgstore"
	"github.com/timak-go/timak/timak/pgtest"
	"github.com/timak-go/timak/timak/redisstore"
	"github.com/timak-go/timak/timak/redistest"
	"github.com/timak-go/timak/timak/riakstore"
	"github.com/timak-go/timak/timak/riaktest"
)

// TestStores opens each store as the README does.
func TestStores(t *testing.T) {
	ctx := t.Context()
	dsn, url, addresses := pgtest.DSN(t), redistest.NewServer(t).URL(), riaktest.Start(t, nil).Addresses()
	if err := pgstore.Migrate(ctx, dsn, nil); err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	bolt, err := boltstore.Open("feed.db", nil)
	postgres, err := pgstore.Open(ctx, dsn, nil) // after pgstore.Migrate(ctx, dsn, nil)
	redis, err := redisstore.Open(ctx, url, nil) // "redis://10.0.0.1:6379"
	riak, err := riakstore.Open(addresses, nil)  // "10.0.0.1:8087", "10.0.0.2:8087", …
	if err != nil {
		t.Fatal(err)
	}
	for _, store := range []driver.Store{bolt, postgres, redis, riak} {
		tl, err := timak.New(store, nil).Add(ctx, "site:posts", timak.Item{ID: "1", At: start})
		if err != nil || !slices.Equal(tl.IDs(), []string{"1"}) {
			t.Errorf("%T: got %v, %v", store, tl.IDs(), err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
}
