package timakgorm_test

import (
	"errors"
	"testing"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm"
)

// TestRefused: a write that cannot be followed is refused and does not take
// place.
func TestRefused(t *testing.T) {
	t.Parallel()
	refused := []operation{
		{"update of a list of tables", func(db *gorm.DB) error {
			return db.Table("posts, authors").Where("posts.id = 10").Updates(map[string]any{"author_id": 2}).Error
		}},
		{"update of a table with an index hint", func(db *gorm.DB) error {
			return db.Table("posts NOT INDEXED").Where("id = 10").Updates(map[string]any{"author_id": 2}).Error
		}},
		{"insert or fail", func(db *gorm.DB) error {
			return db.Clauses(clause.Insert{Modifier: "OR FAIL"}).Create(&[]Post{{ID: 60, AuthorID: 2}, {ID: 10}}).Error
		}},
		{"insert or replace or update", func(db *gorm.DB) error {
			return db.Clauses(clause.Insert{Modifier: "or replace"}, clause.OnConflict{UpdateAll: true}).Create(&Post{ID: 10, AuthorID: 2}).Error
		}},
		{"update or fail", func(db *gorm.DB) error {
			return db.Clauses(clause.Update{Modifier: "OR FAIL"}).Model(&Post{}).Where("id > 9").Update("id", 50).Error
		}},
		{"upsert without columns that sets the primary key", func(db *gorm.DB) error {
			return db.Clauses(clause.OnConflict{DoUpdates: clause.Assignments(map[string]any{"id": 99})}).Create(&Post{ID: 10}).Error
		}},
		{"raw update", func(db *gorm.DB) error { return db.Exec("UPDATE posts SET author_id = 2").Error }},
		{"raw update in the place of a create", func(db *gorm.DB) error {
			return db.Raw("UPDATE posts SET author_id = 2").Create(&Author{}).Error
		}},
		{"raw delete in the place of a delete", func(db *gorm.DB) error {
			return db.Raw("DELETE FROM posts WHERE id = 10").Where("id = 10").Delete(&Author{}).Error
		}},
		{"raw delete", func(db *gorm.DB) error { return db.Exec(`delete from "posts" where id = ?`, 10).Error }},
		{"raw returning", func(db *gorm.DB) error {
			var ids []uint
			return db.Raw("UPDATE posts SET author_id = 2 RETURNING id").Scan(&ids).Error
		}},
	}
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, setup{dialect: dialect})
		w.seed()
		w.drain()
		before := w.posts()
		for _, op := range refused {
			if err := op.run(w.db); !errors.Is(err, timakgorm.ErrUncaptured) {
				t.Errorf("%s: got %v, want ErrUncaptured", op.name, err)
			} else {
				t.Logf("%s: %v", op.name, err)
			}
			if after := w.posts(); after != before {
				t.Fatalf("%s: the table has changed:\n%s\n%s", op.name, before, after)
			}
		}
		w.check()
	})
}
