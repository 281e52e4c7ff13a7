package hooks_test

import (
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/glebarez/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/timak-go/timak/timakgorm/internal/cascade"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/guard"
	"github.com/timak-go/timak/timakgorm/internal/hooks"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
	"github.com/timak-go/timak/timakgorm/internal/session"
	"github.com/timak-go/timak/timakgorm/internal/statement"
)

type leaf struct {
	Name      string `gorm:"primaryKey"`
	Branch    int64
	CreatedAt time.Time

	_ model.Timeline `timak:"key=branch:{Branch}"`
}

func (leaf) TableName() string { return "leaves" }

// hooked opens a SQLite database with a table of leaves that hooks follow.
func hooked(t *testing.T, log *slog.Logger, tables ...string) *gorm.DB {
	t.Helper()
	dsn := filepath.Join(t.TempDir(), "test.db") + "?_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)&_txlock=immediate"
	db, err := gorm.Open(sqlite.Open(dsn), &gorm.Config{Logger: logger.Discard})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = plain.Close() })
	for _, table := range tables {
		if err := db.Exec(table).Error; err != nil {
			t.Fatal(err)
		}
	}
	if err := outbox.MigrateUp(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	m, err := model.Compile(model.Declared{Value: &leaf{}}, db.NamingStrategy)
	if err != nil {
		t.Fatal(err)
	}
	ts, err := dialect.NewTables(dialect.SQLite, []*model.Model{m}, func(name string) string { return db.Statement.Quote(name) })
	if err != nil {
		t.Fatal(err)
	}
	sessions := session.New(ts, session.Options{DB: func() (*sql.DB, error) { return plain, nil }, Views: true, Wake: func() {}, Log: log})
	g := guard.New(ts, sessions, guard.Options{Callbacks: true, Log: log})
	if err := hooks.New(ts, sessions, g, cascade.New(ts, sessions, log)).Register(db); err != nil {
		t.Fatal(err)
	}
	return db
}

// A refusal names the package once, also after many rows were copied to a temporary
// table.
func TestRefused_manyRows(t *testing.T) {
	t.Parallel()
	db := hooked(t, slog.New(slog.DiscardHandler), "CREATE TABLE leaves (name text PRIMARY KEY, branch integer, created_at datetime)")
	plain, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	for i := range 300 {
		if _, err := plain.ExecContext(t.Context(), "INSERT INTO leaves VALUES (?, 1, '2026-01-01')", sql.NullString{String: fmt.Sprint(i), Valid: i < 299}); err != nil {
			t.Fatal(err)
		}
	}
	const want = "timakgorm: update of leaves: timelines cannot follow this write: a row has NULL in its primary key, " +
		"by which it cannot be found again: give it a key, with timakgorm.Exec if the row exists already"
	err = db.Model(&leaf{}).Where("branch = 1").Update("branch", 2).Error
	if !errors.Is(err, statement.ErrUncaptured) || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// The log says why replaced rows are not followed. Only the start of an error names
// the package.
func TestReplaced_reason(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	db := hooked(t, slog.New(slog.NewTextHandler(&log, nil)),
		"CREATE TABLE branches (id integer PRIMARY KEY, code text UNIQUE ON CONFLICT REPLACE)",
		"CREATE UNIQUE INDEX branches_code ON branches (lower(code))",
		"CREATE TABLE leaves (name text PRIMARY KEY, branch integer REFERENCES branches ON DELETE CASCADE, created_at datetime)")
	if err := db.Table("branches").Create(map[string]any{"id": 7, "code": "a"}).Error; err != nil {
		t.Fatal(err)
	}
	const want = "the rows that it replaces cannot be found: create of branches: timelines cannot follow this write: " +
		"OR REPLACE in a table that has a unique index on an expression"
	if !strings.Contains(log.String(), want) {
		t.Errorf("got the log %s\nwant in it %s", log.String(), want)
	}
}
