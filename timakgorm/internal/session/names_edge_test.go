package session_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// acmePermit is a row of a tracked table of the same name in another schema.
type acmePermit struct {
	ID        uint
	HallID    uint
	Code      string
	Seen      int
	Fee       float64
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=acme:{HallID}; id=acme:{ID}"`
}

func (acmePermit) TableName() string { return "acme.permits" }

// TestNames_tracked: a session finds the other of two tracked tables.
func TestNames_tracked(t *testing.T) {
	t.Parallel()
	world.ByBoth(t, func(t *testing.T, by timakgorm.Capture) {
		dsn := world.NewDSN(t, "postgres")
		plain := world.OpenDSN(t, "postgres", dsn, nil)
		for _, statement := range []string{"CREATE SCHEMA acme", "CREATE TABLE acme.permits (id bigint PRIMARY KEY, hall_id bigint, code text, seen bigint, fee double precision, created_at timestamptz)"} {
			if err := plain.Exec(statement).Error; err != nil {
				t.Fatal(err)
			}
		}
		w := world.NewBy(t, by, world.Setup{Dialect: "postgres", DSN: dsn, Models: []any{&world.Permit{}}, Tracked: []any{&world.Permit{}, &acmePermit{}}})
		w.Must(w.DB.Create(&world.Permit{ID: 1, HallID: 1, Code: "p", CreatedAt: world.At(1)}).Error)
		w.Must(w.DB.Create(&acmePermit{ID: 1, HallID: 1, Code: "a", CreatedAt: world.At(1)}).Error)
		w.Must(w.DB.Transaction(func(tx *gorm.DB) error {
			return errors.Join(world.Stray(tx, "acme, public"),
				tx.Create(&world.Permit{ID: 2, HallID: 1, Code: "a", CreatedAt: world.At(2)}).Error,
				tx.Model(&world.Permit{ID: 1}).Update("hall_id", 2).Error)
		}))
		w.WantIDs("hall:1", "permits:1")
		w.WantIDs("acme:1", "acme:2")
		w.WantIDs("acme:2", "acme:1")
		w.WantDifferences()
	})
}

// TestNames_home: each program's connections begin with a search_path of their
// own, and its timelines follow the table that they find.
func TestNames_home(t *testing.T) {
	t.Parallel()
	world.ByBoth(t, func(t *testing.T, by timakgorm.Capture) {
		dsn := world.NewDSN(t, "postgres")
		plain := world.OpenDSN(t, "postgres", dsn, nil)
		for _, statement := range []string{"CREATE SCHEMA acme", "CREATE SCHEMA zeta"} {
			if err := plain.Exec(statement).Error; err != nil {
				t.Fatal(err)
			}
		}
		acme := world.NewBy(t, by, world.Setup{Dialect: "postgres", DSN: onPath(dsn, "acme"), Models: []any{&world.Permit{}}, Tracked: []any{&world.Permit{}}})
		public := world.NewBy(t, by, world.Setup{Dialect: "postgres", DSN: dsn, Models: []any{&world.Permit{}}, Tracked: []any{&world.Permit{}}})
		create := func(tx *gorm.DB) error {
			return tx.Create(&world.Permit{ID: 1, HallID: 1, CreatedAt: world.At(1)}).Error
		}
		acme.Must(create(acme.DB))
		acme.WantIDs("hall:1", "permits:1")
		public.WantIDs("hall:1")
		acme.Must(acme.DB.Transaction(func(tx *gorm.DB) error { return errors.Join(world.Stray(tx, "public"), create(tx)) }))
		if by == timakgorm.Triggers {
			public.WantIDs("hall:1", "permits:1")
		} else { // to callbacks, those of the other are another program
			public.WantIDs("hall:1")
		}
		acme.Must(acme.DB.Transaction(func(tx *gorm.DB) error {
			return errors.Join(world.Stray(tx, "public"), tx.Table("acme.permits").Where("id = 1").Update("hall_id", 2).Error)
		}))
		acme.WantIDs("hall:1")
		acme.WantIDs("hall:2", "permits:1")
		acme.WantDifferences()
	})
}

// refusedBy runs a write where a session strays, and wants it refused.
func refusedBy(w *world.World, path, says string, write func(tx *gorm.DB) error) {
	w.Helper()
	err := w.DB.Transaction(func(tx *gorm.DB) error {
		return world.FirstError(world.Stray(tx, path), func() error { return write(tx) })
	})
	if !errors.Is(err, timakgorm.ErrUncaptured) || !strings.Contains(err.Error(), says) {
		w.Errorf("got %v, want ErrUncaptured that says %q", err, says)
	}
}

// TestNames_refused: what only the session finds, and what writes the tracked table
// through a view of its name, is refused by callbacks.
func TestNames_refused(t *testing.T) {
	t.Parallel()
	create := func(tx *gorm.DB) error {
		return tx.Create(&world.Permit{ID: 4, HallID: 1, Code: "v", CreatedAt: world.At(1)}).Error
	}
	update := func(tx *gorm.DB) error { return tx.Model(&world.Permit{}).Where("id = 1").Update("hall_id", 2).Error }
	t.Run("a view", func(t *testing.T) {
		t.Parallel()
		for name, write := range map[string]func(*gorm.DB) error{"create": create, "update": update} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := world.PermitWorld(t, timakgorm.Callbacks, nil)
				_, err := w.Stranger().ExecContext(t.Context(), "DROP TABLE acme.permits; CREATE VIEW acme.permits AS SELECT * FROM public.permits")
				w.Must(err)
				refusedBy(w, "acme, public", "permits is a part or a view of permits here: name that", write)
				w.WantIDs("hall:1", "permits:3", "permits:2", "permits:1")
				w.WantDifferences()
			})
		}
	})
	t.Run("no home", func(t *testing.T) {
		t.Parallel()
		w := world.PermitWorld(t, timakgorm.Callbacks, nil)
		_, err := w.Stranger().ExecContext(t.Context(), "DROP TABLE public.permits")
		w.Must(err)
		w.Must(w.DB.Exec("CREATE TABLE unrelated ()").Error) // DDL of this process: tables are looked for anew
		const says = "only this session finds a table permits, and a new connection does not"
		refusedBy(w, "acme, public", says, create)
		refusedBy(w, "acme, public", says, update)
	})
}

// TestNames_shape: another table need not have the columns that rules name, where
// it can be known beforehand that it is another.
func TestNames_shape(t *testing.T) {
	t.Parallel()
	world.ByBoth(t, func(t *testing.T, by timakgorm.Capture) {
		w := world.PermitWorld(t, by, nil)
		type bare struct {
			ID   uint
			Note string
		}
		_, err := w.Stranger().ExecContext(t.Context(), "CREATE SCHEMA slim; CREATE TABLE slim.permits (id bigserial PRIMARY KEY, note text)")
		w.Must(err)
		w.Must(w.DB.Transaction(func(tx *gorm.DB) error {
			return errors.Join(tx.Exec("SET LOCAL search_path = slim").Error,
				tx.Table("permits").Create(&bare{ID: 1, Note: "n"}).Error,
				tx.Table("permits").Where("note = 'n'").Updates(map[string]any{"note": "m"}).Error,
				tx.Table("permits").Where("note = 'm'").Delete(&bare{}).Error)
		}))
		w.WantIDs("hall:1", "permits:3", "permits:2", "permits:1")
		w.WantDifferences()
	})
}

// onPath names a database whose sessions begin with a search_path.
func onPath(dsn, path string) string {
	if strings.Contains(dsn, "://") {
		return dsn + "&search_path=" + url.QueryEscape(path)
	}
	return dsn + " search_path='" + path + "'"
}

// TestNames_moved: a table that another program has moved is found again by the first
// statement that has not found it.
func TestNames_moved(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres", DSN: onPath(world.NewDSN(t, "postgres"), "acme, public"), Models: []any{&world.Permit{}}, Tracked: []any{&world.Permit{}}})
	create := func(id uint) error {
		return w.DB.Create(&world.Permit{ID: id, HallID: 1, Code: fmt.Sprint(id), CreatedAt: world.At(int(id))}).Error
	}
	w.Must(create(1))
	_, err := w.Stranger().ExecContext(t.Context(), "CREATE SCHEMA acme; ALTER TABLE public.permits SET SCHEMA acme")
	w.Must(err)
	w.Must(create(2))
	w.Must(create(3))
	w.WantIDs("hall:1", "permits:3", "permits:2", "permits:1")
	w.WantDifferences()
}

// TestNames_onCommit: a commit that delivers finds the outbox on whatever path.
func TestNames_onCommit(t *testing.T) {
	t.Parallel()
	world.ByBoth(t, func(t *testing.T, by timakgorm.Capture) {
		w := world.PermitWorld(t, by, &timakgorm.Options{Deliver: timakgorm.OnCommit})
		for path, table := range map[string]string{"acme": "permits", "twin": "public.permits"} {
			w.Must(w.DB.Transaction(func(tx *gorm.DB) error {
				return errors.Join(world.Stray(tx, path), tx.Table(table).Create(&world.Permit{ID: 5, HallID: 1, Code: "c", CreatedAt: world.At(5)}).Error)
			}))
		}
		if got := w.IDs("hall:1"); len(got) != 4 || got[0] != "permits:5" {
			t.Errorf("got %v, want what was committed on top", got)
		}
		w.WantDifferences()
	})
}

// lateServer is a server that does not answer at first.
type lateServer struct {
	driver.Connector

	up atomic.Bool
}

func (s *lateServer) Connect(ctx context.Context) (driver.Conn, error) {
	if !s.up.Load() {
		return nil, errors.New("the server does not answer")
	}
	return s.Connector.Connect(ctx)
}

// TestNames_late: the plugin may be put to use where no database answers yet.
func TestNames_late(t *testing.T) {
	t.Parallel()
	config, err := pgx.ParseConfig(world.NewDSN(t, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	server := &lateServer{Connector: stdlib.GetConnector(*config)}
	pool := sql.OpenDB(server)
	t.Cleanup(func() { _ = pool.Close() })
	w := &world.World{TB: t, Dialect: "postgres", Timelines: timak.New(memstore.New(), nil)}
	w.DB, err = gorm.Open(postgres.New(postgres.Config{Conn: pool}), &gorm.Config{DisableAutomaticPing: true, Logger: logger.Discard})
	w.Must(err)
	w.Plugin, err = timakgorm.New(w.Timelines, nil)
	w.Must(err)
	w.Must(w.Plugin.Register(&world.Permit{}))
	w.Must(w.DB.Use(w.Plugin))
	server.up.Store(true)
	w.Must(w.DB.AutoMigrate(&world.Permit{}))
	w.Must(timakgorm.Migrate(t.Context(), w.DB))
	w.Must(w.DB.Create(&world.Permit{ID: 1, HallID: 1, CreatedAt: world.At(1)}).Error)
	w.WantIDs("hall:1", "permits:1")
	w.WantDifferences()
}
