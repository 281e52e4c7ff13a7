package hooks_test

import (
	"errors"
	"testing"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestRefused: a write that cannot be followed is refused and does not take
// place.
func TestRefused(t *testing.T) {
	t.Parallel()
	refused := []world.Operation{
		{Name: "update of a list of tables", Run: func(db *gorm.DB) error {
			return db.Table("posts, authors").Where("posts.id = 10").Updates(map[string]any{"author_id": 2}).Error
		}},
		{Name: "update of a table with an index hint", Run: func(db *gorm.DB) error {
			return db.Table("posts NOT INDEXED").Where("id = 10").Updates(map[string]any{"author_id": 2}).Error
		}},
		{Name: "insert or fail", Run: func(db *gorm.DB) error {
			return db.Clauses(clause.Insert{Modifier: "OR FAIL"}).Create(&[]world.Post{{ID: 60, AuthorID: 2}, {ID: 10}}).Error
		}},
		{Name: "insert or replace or update", Run: func(db *gorm.DB) error {
			return db.Clauses(clause.Insert{Modifier: "or replace"}, clause.OnConflict{UpdateAll: true}).Create(&world.Post{ID: 10, AuthorID: 2}).Error
		}},
		{Name: "update or fail", Run: func(db *gorm.DB) error {
			return db.Clauses(clause.Update{Modifier: "OR FAIL"}).Model(&world.Post{}).Where("id > 9").Update("id", 50).Error
		}},
		{Name: "upsert without columns that sets the primary key", Run: func(db *gorm.DB) error {
			return db.Clauses(clause.OnConflict{DoUpdates: clause.Assignments(map[string]any{"id": 99})}).Create(&world.Post{ID: 10}).Error
		}},
		{Name: "raw update", Run: func(db *gorm.DB) error { return db.Exec("UPDATE posts SET author_id = 2").Error }},
		{Name: "raw update in the place of a create", Run: func(db *gorm.DB) error {
			return db.Raw("UPDATE posts SET author_id = 2").Create(&world.Author{}).Error
		}},
		{Name: "raw delete in the place of a delete", Run: func(db *gorm.DB) error {
			return db.Raw("DELETE FROM posts WHERE id = 10").Where("id = 10").Delete(&world.Author{}).Error
		}},
		{Name: "raw delete", Run: func(db *gorm.DB) error { return db.Exec(`delete from "posts" where id = ?`, 10).Error }},
		{Name: "raw returning", Run: func(db *gorm.DB) error {
			var ids []uint
			return db.Raw("UPDATE posts SET author_id = 2 RETURNING id").Scan(&ids).Error
		}},
	}
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect})
		w.Seed()
		w.Drain()
		before := w.Posts()
		for _, op := range refused {
			if err := op.Run(w.DB); !errors.Is(err, timakgorm.ErrUncaptured) {
				t.Errorf("%s: got %v, want ErrUncaptured", op.Name, err)
			} else {
				t.Logf("%s: %v", op.Name, err)
			}
			if after := w.Posts(); after != before {
				t.Fatalf("%s: the table has changed:\n%s\n%s", op.Name, before, after)
			}
		}
		w.Check()
	})
}
