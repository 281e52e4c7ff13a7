// Package started_test is the test that docs/guide/getting-started.md has, word for word, with
// the model of its program.
package started_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/glebarez/sqlite"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"

	"github.com/timak-go/timak/timak/pgtest"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/timaktest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

type Post struct {
	ID        uint
	Author    string
	Title     string
	Draft     bool
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=site:posts; when=!Draft"`
	_ timakgorm.Timeline `timak:"key=author:{Author}:posts; when=!Draft"`
}

func openTestDB(t *testing.T) *gorm.DB {
	t.Helper()
	db, err := gorm.Open(sqlite.Open(filepath.Join(t.TempDir(), "test.db") + "?_txlock=immediate&_pragma=busy_timeout(5000)"))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.AutoMigrate(&Post{}); err != nil {
		t.Fatal(err)
	}
	return db
}

func TestDraft(t *testing.T) {
	db := openTestDB(t)
	timelines := timaktest.Use(t, db, nil, &Post{})

	post := Post{Author: "ann", Title: "Hello", Draft: true}
	db.Create(&post)
	timelines.Relay(t)
	timelines.RequireNotOn(t, "site:posts", &post)

	db.Model(&post).Update("draft", false)
	timelines.Relay(t)
	timelines.RequireOn(t, "site:posts", &post)
}

func openSharedDB(t *testing.T, pool *sql.DB) *gorm.DB {
	t.Helper()
	db, err := gorm.Open(postgres.New(postgres.Config{Conn: pool}))
	if err == nil {
		err = errors.Join(db.AutoMigrate(&Post{}), db.Exec("TRUNCATE posts").Error)
	}
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// TestShared: tests that share a pool see nothing of each other, neither rows nor changes that
// an earlier one has left.
func TestShared(t *testing.T) {
	connector, err := stdlib.GetDefaultDriver().(*stdlib.Driver).OpenConnector(pgtest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	pool := sql.OpenDB(connector)
	defer func() { _ = pool.Close() }()
	for range 2 {
		db := openSharedDB(t, pool)
		timelines := timaktest.Use(t, db, nil, &Post{})
		if err := db.Create(&Post{Author: "ann"}).Error; err != nil {
			t.Fatal(err)
		}
		timelines.Relay(t)
		if ids := timelines.IDs(t, "site:posts"); len(ids) != 1 {
			t.Errorf("got %v, want one post", ids)
		}
		if err := db.Create(&Post{Author: "bob"}).Error; err != nil { // is not relayed
			t.Fatal(err)
		}
	}
}
