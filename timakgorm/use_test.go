package timakgorm_test

import (
	"bytes"
	"database/sql"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glebarez/sqlite"
	"gorm.io/gorm"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

func TestUse_withoutModels(t *testing.T) {
	t.Parallel()
	err := world.OpenDB(t, "sqlite", nil).Use(world.NewPlugin(t))
	if want := "timakgorm: db.Use of a plugin without models: expected plugin.Register(&Post{}) before"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %q", err, want)
	}
	if err, want := timakgorm.Migrate(t.Context(), nil), "got no database"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Migrate: got %v, want %q", err, want)
	}
}

// TestUse_impatience: a SQLite database whose transactions ask late for the write lock is
// logged, and no other.
func TestUse_impatience(t *testing.T) {
	t.Parallel()
	alone := func(db *gorm.DB) {
		plain, err := db.DB()
		if err != nil {
			t.Fatal(err)
		}
		plain.SetMaxOpenConns(1)
	}
	for _, tt := range []struct {
		about, dialect, dsn string
		prepare             func(*gorm.DB)
		want                bool
	}{
		{"no settings", "sqlite", filepath.Join(t.TempDir(), "a.db"), nil, true},
		{"a lock at once", "sqlite", filepath.Join(t.TempDir(), "b.db") + "?_txlock=immediate", nil, false},
		{"one connection", "sqlite", filepath.Join(t.TempDir(), "c.db"), alone, false},
		{"a pool of its own", "", filepath.Join(t.TempDir(), "d.db"), nil, false},
		{"Postgres", "postgres", world.NewDSN(t, "postgres"), nil, false},
	} {
		db := openAny(t, tt.dialect, tt.dsn)
		if tt.prepare != nil {
			tt.prepare(db)
		}
		var log bytes.Buffer
		plugin, err := timakgorm.New(timak.New(memstore.New(), nil), &timakgorm.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err := errors.Join(err, db.AutoMigrate(&world.Post{}), plugin.Register(&world.Post{}), db.Use(plugin)); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(log.String(), "_txlock"); got != tt.want {
			t.Errorf("%s: logged %t, want %t: %s", tt.about, got, tt.want, &log)
		}
	}
}

// openAny opens a database; without a dialect, one of SQLite whose pool the application has
// opened.
func openAny(t *testing.T, dialect, dsn string) *gorm.DB {
	t.Helper()
	if dialect != "" {
		return world.OpenDSN(t, dialect, dsn, nil)
	}
	pool, err := sql.Open(sqlite.DriverName, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	db, err := gorm.Open(sqlite.Dialector{Conn: pool})
	if err != nil {
		t.Fatal(err)
	}
	return db
}
