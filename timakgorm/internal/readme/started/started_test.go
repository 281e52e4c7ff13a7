// Package started_test is the test that docs/guide/getting-started.md has, word for word, with
// the model of its program.
package started_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/glebarez/sqlite"
	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/timaktest"
)

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
