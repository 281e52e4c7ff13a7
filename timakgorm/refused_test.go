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
		{"create from a map", func(db *gorm.DB) error {
			return db.Model(&Post{}).Create(map[string]any{"author_id": 1, "published": true}).Error
		}},
		{"create from a map by table", func(db *gorm.DB) error {
			return db.Table("posts").Create(map[string]any{"author_id": 1, "published": true}).Error
		}},
		{"update an aliased table", func(db *gorm.DB) error {
			return db.Table("posts AS p").Where("p.id = 10").Updates(map[string]any{"author_id": 2}).Error
		}},
		{"update a table with its schema", func(db *gorm.DB) error {
			return db.Table("public.posts").Where("id = 10").Updates(map[string]any{"author_id": 2}).Error
		}},
		{"delete from a table with its schema", func(db *gorm.DB) error {
			return db.Table("main.posts").Where("id = 10").Delete(&Post{}).Error
		}},
		{"update a table in another case", func(db *gorm.DB) error {
			return db.Table("Posts").Where("id = 10").Updates(map[string]any{"author_id": 2}).Error
		}},
		{"update a table given as an expression", func(db *gorm.DB) error {
			return db.Table("?", clause.Table{Name: "posts"}).Where("id = 10").Updates(map[string]any{"author_id": 2}).Error
		}},
		{"insert or replace", func(db *gorm.DB) error {
			return db.Clauses(clause.Insert{Modifier: "OR REPLACE"}).Create(&Post{ID: 10, AuthorID: 2, Published: true}).Error
		}},
		{"delete with a FROM", func(db *gorm.DB) error {
			return db.Clauses(clause.From{Tables: []clause.Table{{Name: "authors"}}}).Where("id = 1").Delete(&Post{}).Error
		}},
		{"upsert that sets the primary key", func(db *gorm.DB) error {
			return db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.Assignments(map[string]any{"id": 99})}).
				Create(&Post{ID: 10}).Error
		}},
		{"upsert over a column that the database fills in", func(db *gorm.DB) error {
			return db.Omit("Title").Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "title"}}, DoUpdates: clause.AssignmentColumns([]string{"author_id"})}).
				Create(&Post{AuthorID: 2}).Error
		}},
		{"update from", func(db *gorm.DB) error {
			return db.Model(&Post{}).Clauses(clause.From{Tables: []clause.Table{{Name: "authors"}}}).
				Where("posts.author_id = authors.id").Update("title", "x").Error
		}},
		{"set the primary key by an expression", func(db *gorm.DB) error {
			return db.Model(&Post{}).Where("id = 10").Update("id", gorm.Expr("id + 100")).Error
		}},
		{"upsert by constraint", func(db *gorm.DB) error {
			return db.Clauses(clause.OnConflict{OnConstraint: "posts_pkey", DoUpdates: clause.AssignmentColumns([]string{"title"})}).
				Create(&Post{ID: 10}).Error
		}},
		{"upsert with some keys set and some not", func(db *gorm.DB) error {
			return db.Clauses(clause.OnConflict{DoNothing: true}).Create(&[]Post{{ID: 10}, {AuthorID: 1}}).Error
		}},
		{"raw update", func(db *gorm.DB) error { return db.Exec("UPDATE posts SET author_id = 2").Error }},
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
