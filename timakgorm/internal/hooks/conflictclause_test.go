package hooks_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
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
	world.ByBoth(t, func(t *testing.T, by timakgorm.Capture) {
		dsn := world.NewDSN(t, "sqlite")
		schema := "CREATE TABLE badges (id integer PRIMARY KEY, number text UNIQUE ON\nconflict replace, owner_id integer, created_at datetime)"
		if err := world.OpenDSN(t, "sqlite", dsn, nil).Exec(schema).Error; err != nil {
			t.Fatal(err)
		}
		w := world.NewBy(t, by, world.Setup{Dialect: "sqlite", DSN: dsn, Models: []any{}, Tracked: []any{&badge{}}})
		w.Must(w.DB.Create(&[]badge{
			{ID: 1, Number: "a", OwnerID: 1, CreatedAt: world.At(1)}, {ID: 2, Number: "b", OwnerID: 1, CreatedAt: world.At(2)}, {ID: 3, Number: "c", OwnerID: 1, CreatedAt: world.At(3)},
		}).Error)
		w.WantIDs("owner:1:badges", "badges:3", "badges:2", "badges:1")
		w.Must(w.DB.Create(&badge{ID: 4, Number: "a", OwnerID: 2, CreatedAt: world.At(4)}).Error)
		w.WantIDs("owner:1:badges", "badges:3", "badges:2")
		w.Must(w.DB.Model(&badge{ID: 2}).Update("number", "c").Error)
		w.WantIDs("owner:1:badges", "badges:2")
		w.Must(w.DB.Delete(&badge{ID: 2}).Error)
		w.WantIDs("owner:1:badges")
		w.WantIDs("owner:2:badges", "badges:4")
		err := w.DB.Clauses(clause.OnConflict{DoNothing: true}).Create(&badge{ID: 5, Number: "a", OwnerID: 3}).Error
		if refused := errors.Is(err, timakgorm.ErrUncaptured); refused != (by == timakgorm.Callbacks) {
			t.Errorf("upsert: got %v", err)
		}
		w.WantDifferences()
	})
}

// TestFailingBySchema: a statement that fails would keep what it has done.
func TestFailingBySchema(t *testing.T) {
	t.Parallel()
	dsn := world.NewDSN(t, "sqlite")
	schema := "CREATE TABLE badges (id integer PRIMARY KEY, number text UNIQUE ON CONFLICT FAIL, owner_id integer, created_at datetime)"
	if err := world.OpenDSN(t, "sqlite", dsn, nil).Exec(schema).Error; err != nil {
		t.Fatal(err)
	}
	w := world.New(t, world.Setup{Dialect: "sqlite", DSN: dsn, Models: []any{}, Tracked: []any{&badge{}}})
	if err := w.DB.Create(&badge{Number: "a", OwnerID: 1}).Error; !errors.Is(err, timakgorm.ErrUncaptured) {
		t.Errorf("create: got %v, want ErrUncaptured", err)
	}
}

// TestRowNumber: SQLite's other names for an integer primary key.
func TestRowNumber(t *testing.T) {
	t.Parallel()
	world.ByBoth(t, func(t *testing.T, by timakgorm.Capture) {
		w := world.NewBy(t, by, world.Setup{Dialect: "sqlite"})
		w.Seed()
		w.Must(w.DB.Model(&world.Post{ID: 10}).Update("rowid", 77).Error)
		w.Must(w.DB.Model(&world.Post{}).Where("_rowid_ = 12").Updates(map[string]any{"OID": 78}).Error)
		w.Must(w.DB.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.Assignments(map[string]any{"_rowid_": gorm.Expr("excluded.id + 68")})}).
			Create(&world.Post{ID: 11, AuthorID: 2, Published: true}).Error)
		w.Check()
		if got, want := w.IDs("author:1:posts"), []string{"posts:78", "posts:77"}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		w.WantDifferences()
	})
}
