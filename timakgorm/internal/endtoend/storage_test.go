package endtoend_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/timak/boltstore"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/pgstore"
	"github.com/timak-go/timak/timak/redisstore"
	"github.com/timak-go/timak/timak/redistest"
	"github.com/timak-go/timak/timak/riakstore"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// storage says where a store is, to any process that is to open it.
type storage struct {
	Kind    string // the package of the store
	Address string // its file, DSN or URL, or its nodes, separated by commas
	Prefix  string // of its keys on Redis
}

// onEachStorage runs a test on every database with timelines in a file, and on Postgres
// with timelines in stores that machines can share.
func onEachStorage(t *testing.T, test func(t *testing.T, dialect, kind string)) {
	world.OnBoth(t, func(t *testing.T, dialect string) {
		kinds := []string{"boltstore"}
		if dialect == "postgres" {
			kinds = append(kinds, "pgstore", "redisstore")
		}
		for _, kind := range kinds {
			t.Run(kind, func(t *testing.T) {
				t.Parallel()
				test(t, dialect, kind)
			})
		}
	})
}

// newStorage returns an empty one that is gone when t ends. A pgstore is in the
// application's own database.
func newStorage(t testing.TB, kind, dsn string) storage {
	t.Helper()
	s := storage{Kind: kind}
	switch kind {
	case "boltstore":
		s.Address = filepath.Join(t.TempDir(), "timelines")
	case "pgstore":
		s.Address = dsn
		if err := pgstore.Migrate(t.Context(), dsn, nil); err != nil {
			t.Fatal(err)
		}
	case "redisstore":
		s.Address, s.Prefix = redistest.URL(t), redistest.Prefix(t)
	default:
		t.Fatalf("storage of kind %q", kind)
	}
	return s
}

func (s storage) open(ctx context.Context) (driver.Store, error) {
	switch s.Kind {
	case "boltstore":
		return boltstore.Open(s.Address, &boltstore.Options{NoSync: true, Timeout: world.Patience})
	case "pgstore":
		return pgstore.Open(ctx, s.Address, &pgstore.Options{Timeout: 2 * time.Second})
	case "redisstore":
		return redisstore.Open(ctx, s.Address, &redisstore.Options{Prefix: s.Prefix})
	case "riakstore":
		return riakstore.OpenContext(ctx, strings.Split(s.Address, ","), &riakstore.Options{
			RequestTimeout: 300 * time.Millisecond, ConnectTimeout: 300 * time.Millisecond, RetryTime: 2 * time.Second,
			Logger: slog.New(slog.DiscardHandler),
		})
	default:
		return nil, fmt.Errorf("storage of kind %q", s.Kind)
	}
}
