package endtoend_test

import (
	"errors"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm/internal/world"
)

var deletes = theme{name: "delete", always: true, operations: []world.Operation{
	{Name: "delete a loaded post", Run: func(db *gorm.DB) error {
		var post world.Post
		return world.FirstError(db.First(&post, 10).Error, func() error { return db.Delete(&post).Error })
	}},
	{Name: "delete by a stub", Run: func(db *gorm.DB) error { return db.Delete(&world.Post{ID: 10}).Error }},
	{Name: "delete by key", Run: func(db *gorm.DB) error { return db.Delete(&world.Post{}, 10).Error }},
	{Name: "delete by text key", Run: func(db *gorm.DB) error { return db.Delete(&world.Post{}, "10").Error }},
	{Name: "delete by keys", Run: func(db *gorm.DB) error { return db.Delete(&world.Post{}, []int{10, 11, 14}).Error }},
	{Name: "delete by Where", Run: func(db *gorm.DB) error { return db.Where("author_id = ?", 1).Delete(&world.Post{}).Error }},
	{Name: "delete for good by value", Run: func(db *gorm.DB) error { return db.Unscoped().Where("id = ?", 10).Delete(world.Post{}).Error }},
	{Name: "delete a slice", Run: func(db *gorm.DB) error { return db.Delete(&[]world.Post{{ID: 10}, {ID: 12}}).Error }},
	{Name: "delete twice", Run: func(db *gorm.DB) error {
		return world.FirstError(db.Delete(&world.Post{}, 10).Error, func() error { return db.Delete(&world.Post{}, 10).Error })
	}},
	{Name: "delete for good", Run: func(db *gorm.DB) error { return db.Unscoped().Delete(&world.Post{}, 10).Error }},
	{Name: "delete for good by Where", Run: func(db *gorm.DB) error { return db.Unscoped().Where("author_id = 1").Delete(&world.Post{}).Error }},
	{Name: "delete a soft-deleted post for good", Run: func(db *gorm.DB) error { return db.Unscoped().Delete(&world.Post{}, 14).Error }},
	{Name: "delete without a condition", Run: func(db *gorm.DB) error {
		if err := db.Delete(&world.Post{}).Error; !errors.Is(err, gorm.ErrMissingWhereClause) {
			return fmt.Errorf("got %w", err)
		}
		return nil
	}},
	{Name: "soft delete by update", Run: func(db *gorm.DB) error { return db.Model(&world.Post{ID: 10}).Update("deleted_at", world.At(8)).Error }},
	{Name: "restore", Run: func(db *gorm.DB) error {
		return db.Unscoped().Model(&world.Post{ID: 14}).Update("deleted_at", nil).Error
	}},
	{Name: "restore and move", Run: func(db *gorm.DB) error {
		return db.Unscoped().Model(&world.Post{ID: 14}).Updates(map[string]any{"deleted_at": nil, "author_id": 8, "published": true}).Error
	}},
	{Name: "change a soft-deleted post", Run: func(db *gorm.DB) error {
		return db.Unscoped().Model(&world.Post{ID: 14}).Update("author_id", 2).Error
	}},
	{Name: "delete by conditions in the call", Run: func(db *gorm.DB) error { return db.Delete(&world.Post{}, "author_id = ?", 1).Error }},
	{Name: "delete by a struct", Run: func(db *gorm.DB) error { return db.Where(&world.Post{AuthorID: 1}).Delete(&world.Post{}).Error }},
	{Name: "delete by a map", Run: func(db *gorm.DB) error { return db.Where(map[string]any{"author_id": 1}).Delete(&world.Post{}).Error }},
	{Name: "delete by Or", Run: func(db *gorm.DB) error { return db.Where("id = 10").Or("id = 11").Delete(&world.Post{}).Error }},
	{Name: "delete by a subquery", Run: func(db *gorm.DB) error {
		authors := db.Session(&gorm.Session{NewDB: true}).Model(&world.Author{}).Select("id").Where("name = ?", "ann")
		return db.Where("author_id IN (?)", authors).Delete(&world.Post{}).Error
	}},
	{Name: "delete a slice of pointers", Run: func(db *gorm.DB) error { return db.Delete([]*world.Post{{ID: 10}, {ID: 12}}).Error }},
	{Name: "delete a stale post", Run: func(db *gorm.DB) error { return db.Delete(&world.Post{ID: 10, AuthorID: 2, Published: true}).Error }},
	{Name: "delete under another condition", Run: func(db *gorm.DB) error { return db.Where("title = 'no'").Delete(&world.Post{ID: 10}).Error }},
	{Name: "delete with order and limit", Run: func(db *gorm.DB) error {
		return db.Unscoped().Where("author_id = 1").Order("id").Limit(1).Delete(&world.Post{}).Error
	}},
	{Name: "delete returning one", Run: func(db *gorm.DB) error {
		return db.Clauses(clause.Returning{}).Where("author_id = ?", 1).Delete(&world.Post{}).Error
	}},
	{Name: "delete for good returning", Run: func(db *gorm.DB) error {
		var posts []world.Post
		return db.Unscoped().Clauses(clause.Returning{}).Where("author_id = ?", 1).Delete(&posts).Error
	}},
	{Name: "delete all", Run: func(db *gorm.DB) error {
		return db.Session(&gorm.Session{AllowGlobalUpdate: true}).Delete(&world.Post{}).Error
	}},
	{Name: "delete all for good", Run: func(db *gorm.DB) error { return db.Unscoped().Where("1 = 1").Delete(&world.Post{}).Error }},
	{Name: "delete nobody", Run: func(db *gorm.DB) error { return db.Delete(&world.Post{}, 999).Error }},
	{Name: "delete with a table's name", Run: func(db *gorm.DB) error {
		return db.Table("posts").Where("author_id = 1").Delete(&world.Post{}).Error
	}},
	{Name: "delete what has no soft delete", Run: func(db *gorm.DB) error { return db.Delete(&world.Remark{}, 10).Error }},
	{Name: "delete what has no soft delete, by Where", Run: func(db *gorm.DB) error { return db.Where("post_id = 10").Delete(&world.Remark{}).Error }},
	{Name: "delete with a hook that deletes", Run: func(db *gorm.DB) error { return db.Delete(&Memo{ID: 10, Title: "m0"}).Error }},
	{Name: "delete an author and the posts", Run: func(db *gorm.DB) error { return db.Select("Posts").Delete(&world.Author{ID: 1}).Error }},
	{Name: "delete an author and all associations", Run: func(db *gorm.DB) error {
		return db.Select(clause.Associations).Delete(&world.Author{ID: 1}).Error
	}},
	{Name: "delete an author and all associations for good", Run: func(db *gorm.DB) error {
		return db.Unscoped().Select(clause.Associations).Delete(&world.Author{ID: 1}).Error
	}},
	{Name: "delete and restore", Run: func(db *gorm.DB) error {
		return world.FirstError(db.Delete(&world.Post{}, 10).Error, func() error {
			return db.Unscoped().Model(&world.Post{}).Where("id = 10").Update("deleted_at", nil).Error
		})
	}},
	{Name: "delete and create again", Run: func(db *gorm.DB) error {
		return world.FirstError(db.Unscoped().Delete(&world.Post{}, 10).Error, func() error {
			return db.Create(&world.Post{ID: 10, AuthorID: 2, Title: "again", Published: true, CreatedAt: world.At(9)}).Error
		})
	}},
	{Name: "create and delete", Run: func(db *gorm.DB) error {
		post := world.Post{AuthorID: 1, Published: true}
		return world.FirstError(db.Create(&post).Error, func() error { return db.Delete(&post).Error })
	}},
}}
