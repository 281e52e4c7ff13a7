package timakgorm_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm"
)

// badge is a row that another with its number replaces, since its table's schema
// says so.
type badge struct {
	ID        uint
	Number    string `gorm:"unique"`
	OwnerID   uint
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=owner:{OwnerID}:badges"`
}

// TestReplacedBySchema: SQLite deletes rows that are in the way of others where
// the schema has ON CONFLICT REPLACE.
func TestReplacedBySchema(t *testing.T) {
	t.Parallel()
	byBoth(t, func(t *testing.T, by timakgorm.Capture) {
		dsn := newDSN(t, "sqlite")
		schema := "CREATE TABLE badges (id integer PRIMARY KEY, number text UNIQUE ON\nconflict replace, owner_id integer, created_at datetime)"
		if err := openDSN(t, "sqlite", dsn, nil).Exec(schema).Error; err != nil {
			t.Fatal(err)
		}
		w := worldBy(t, by, setup{dialect: "sqlite", dsn: dsn, models: []any{}, tracked: []any{&badge{}}})
		w.must(w.db.Create(&[]badge{
			{ID: 1, Number: "a", OwnerID: 1, CreatedAt: at(1)}, {ID: 2, Number: "b", OwnerID: 1, CreatedAt: at(2)}, {ID: 3, Number: "c", OwnerID: 1, CreatedAt: at(3)},
		}).Error)
		w.wantIDs("owner:1:badges", "badges:3", "badges:2", "badges:1")
		w.must(w.db.Create(&badge{ID: 4, Number: "a", OwnerID: 2, CreatedAt: at(4)}).Error)
		w.wantIDs("owner:1:badges", "badges:3", "badges:2")
		w.must(w.db.Model(&badge{ID: 2}).Update("number", "c").Error)
		w.wantIDs("owner:1:badges", "badges:2")
		w.must(w.db.Delete(&badge{ID: 2}).Error)
		w.wantIDs("owner:1:badges")
		w.wantIDs("owner:2:badges", "badges:4")
		err := w.db.Clauses(clause.OnConflict{DoNothing: true}).Create(&badge{ID: 5, Number: "a", OwnerID: 3}).Error
		if refused := errors.Is(err, timakgorm.ErrUncaptured); refused != (by == timakgorm.Callbacks) {
			t.Errorf("upsert: got %v", err)
		}
		w.wantDifferences()
	})
}

// TestFailingBySchema: a statement that fails would keep what it has done.
func TestFailingBySchema(t *testing.T) {
	t.Parallel()
	dsn := newDSN(t, "sqlite")
	schema := "CREATE TABLE badges (id integer PRIMARY KEY, number text UNIQUE ON CONFLICT FAIL, owner_id integer, created_at datetime)"
	if err := openDSN(t, "sqlite", dsn, nil).Exec(schema).Error; err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, setup{dialect: "sqlite", dsn: dsn, models: []any{}, tracked: []any{&badge{}}})
	if err := w.db.Create(&badge{Number: "a", OwnerID: 1}).Error; !errors.Is(err, timakgorm.ErrUncaptured) {
		t.Errorf("create: got %v, want ErrUncaptured", err)
	}
}

// TestRowNumber: SQLite's other names for an integer primary key.
func TestRowNumber(t *testing.T) {
	t.Parallel()
	byBoth(t, func(t *testing.T, by timakgorm.Capture) {
		w := worldBy(t, by, setup{dialect: "sqlite"})
		w.seed()
		w.must(w.db.Model(&Post{ID: 10}).Update("rowid", 77).Error)
		w.must(w.db.Model(&Post{}).Where("_rowid_ = 12").Updates(map[string]any{"OID": 78}).Error)
		w.must(w.db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.Assignments(map[string]any{"_rowid_": gorm.Expr("excluded.id + 68")})}).
			Create(&Post{ID: 11, AuthorID: 2, Published: true}).Error)
		w.check()
		if got, want := w.ids("author:1:posts"), []string{"posts:78", "posts:77"}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		w.wantDifferences()
	})
}
