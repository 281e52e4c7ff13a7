package watchers_test

import (
	"context"
	"database/sql"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/watchers"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestWatch_sharedPool: a pool that pgx keeps, and of which database/sql knows nothing, lends
// no connection to those who watch. One is for the relay's locks.
func TestWatch_sharedPool(t *testing.T) {
	t.Parallel()
	base := world.New(t, world.Setup{Dialect: "postgres"})
	config, err := pgxpool.ParseConfig(base.DSN)
	base.Must(err)
	config.MaxConns = 2
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	base.Must(err)
	db, err := gorm.Open(postgres.New(postgres.Config{Conn: stdlib.OpenDBFromPool(pool)}), &gorm.Config{Logger: logger.Discard})
	base.Must(err)
	w := &world.World{TB: t, Dialect: "postgres", DSN: base.DSN, Timelines: base.Timelines, DB: db}
	w.Use(&timakgorm.Options{Poll: time.Hour})
	stop := w.Run()
	r := watching(w, key)
	listening(base, 1)
	write(w, 1, 1)
	r.sees(key, "posts:1")
	stop()
	pool.Close() // waits for what is lent
}

// TestWatch_mayNot: a role that may not notify relays all the same.
func TestWatch_mayNot(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres"})
	role := w.Role("ALL")
	w.Script(w.Session(), "GRANT ALL ON ALL TABLES IN SCHEMA public TO "+role+"; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO "+role,
		"REVOKE EXECUTE ON FUNCTION pg_notify(text, text) FROM PUBLIC")
	other := w.Another(nil)
	pool, err := other.DB.DB()
	w.Must(err)
	pool.SetMaxOpenConns(1)
	w.Must(other.DB.Exec("SET ROLE " + role).Error)
	write(other, 1, 1)
	other.Drain()
	w.WantIDs(key, "posts:1")
}

// TestWatch_silence: after a while without a note, all keys come.
func TestWatch_silence(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("pgx", world.NewDSN(t, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	ws := watchers.New(watchers.Options{
		DB: func() (*sql.DB, error) { return db, nil }, Dialect: dialect.Postgres, Max: 1, Poll: time.Hour, Log: slog.New(slog.DiscardHandler),
	})
	ws.Silent(10 * time.Millisecond)
	told, err := ws.Watch(t.Context(), []string{"a", "a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for got["a"] < 5 || got["b"] < 5 {
		got[<-told]++
	}
	if got["a"] > got["b"]+2 {
		t.Errorf("a key that is named twice comes %d times, and another one %d", got["a"], got["b"])
	}
}

// TestWatch_idleSession: the server does not end the connection because it is idle.
func TestWatch_idleSession(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres", Options: &timakgorm.Options{Poll: time.Hour}})
	pool, err := w.DB.DB()
	w.Must(err)
	pool.SetMaxOpenConns(1) // this one is older than the setting
	w.Script(w.Session(), "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET idle_session_timeout = 10', current_database()); END $$")
	watching(w, key)
	listening(w, 1)
	time.Sleep(50 * time.Millisecond)
	if n := len(listeners(w)); n != 1 {
		t.Errorf("%d sessions listen after they were idle for as long as they may, want 1", n)
	}
}
