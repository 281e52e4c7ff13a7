package timakgorm_test

import (
	"errors"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

var deletes = theme{name: "delete", always: true, operations: []operation{
	{"delete a loaded post", func(db *gorm.DB) error {
		var post Post
		return firstError(db.First(&post, 10).Error, func() error { return db.Delete(&post).Error })
	}},
	{"delete by a stub", func(db *gorm.DB) error { return db.Delete(&Post{ID: 10}).Error }},
	{"delete by key", func(db *gorm.DB) error { return db.Delete(&Post{}, 10).Error }},
	{"delete by text key", func(db *gorm.DB) error { return db.Delete(&Post{}, "10").Error }},
	{"delete by keys", func(db *gorm.DB) error { return db.Delete(&Post{}, []int{10, 11, 14}).Error }},
	{"delete by Where", func(db *gorm.DB) error { return db.Where("author_id = ?", 1).Delete(&Post{}).Error }},
	{"delete for good by value", func(db *gorm.DB) error { return db.Unscoped().Where("id = ?", 10).Delete(Post{}).Error }},
	{"delete a slice", func(db *gorm.DB) error { return db.Delete(&[]Post{{ID: 10}, {ID: 12}}).Error }},
	{"delete twice", func(db *gorm.DB) error {
		return firstError(db.Delete(&Post{}, 10).Error, func() error { return db.Delete(&Post{}, 10).Error })
	}},
	{"delete for good", func(db *gorm.DB) error { return db.Unscoped().Delete(&Post{}, 10).Error }},
	{"delete for good by Where", func(db *gorm.DB) error { return db.Unscoped().Where("author_id = 1").Delete(&Post{}).Error }},
	{"delete a soft-deleted post for good", func(db *gorm.DB) error { return db.Unscoped().Delete(&Post{}, 14).Error }},
	{"delete without a condition", func(db *gorm.DB) error {
		if err := db.Delete(&Post{}).Error; !errors.Is(err, gorm.ErrMissingWhereClause) {
			return fmt.Errorf("got %w", err)
		}
		return nil
	}},
	{"soft delete by update", func(db *gorm.DB) error { return db.Model(&Post{ID: 10}).Update("deleted_at", at(8)).Error }},
	{"restore", func(db *gorm.DB) error {
		return db.Unscoped().Model(&Post{ID: 14}).Update("deleted_at", nil).Error
	}},
	{"restore and move", func(db *gorm.DB) error {
		return db.Unscoped().Model(&Post{ID: 14}).Updates(map[string]any{"deleted_at": nil, "author_id": 8, "published": true}).Error
	}},
	{"change a soft-deleted post", func(db *gorm.DB) error {
		return db.Unscoped().Model(&Post{ID: 14}).Update("author_id", 2).Error
	}},
	{"delete by conditions in the call", func(db *gorm.DB) error { return db.Delete(&Post{}, "author_id = ?", 1).Error }},
	{"delete by a struct", func(db *gorm.DB) error { return db.Where(&Post{AuthorID: 1}).Delete(&Post{}).Error }},
	{"delete by a map", func(db *gorm.DB) error { return db.Where(map[string]any{"author_id": 1}).Delete(&Post{}).Error }},
	{"delete by Or", func(db *gorm.DB) error { return db.Where("id = 10").Or("id = 11").Delete(&Post{}).Error }},
	{"delete by a subquery", func(db *gorm.DB) error {
		authors := db.Session(&gorm.Session{NewDB: true}).Model(&Author{}).Select("id").Where("name = ?", "ann")
		return db.Where("author_id IN (?)", authors).Delete(&Post{}).Error
	}},
	{"delete a slice of pointers", func(db *gorm.DB) error { return db.Delete([]*Post{{ID: 10}, {ID: 12}}).Error }},
	{"delete a stale post", func(db *gorm.DB) error { return db.Delete(&Post{ID: 10, AuthorID: 2, Published: true}).Error }},
	{"delete under another condition", func(db *gorm.DB) error { return db.Where("title = 'no'").Delete(&Post{ID: 10}).Error }},
	{"delete with order and limit", func(db *gorm.DB) error {
		return db.Unscoped().Where("author_id = 1").Order("id").Limit(1).Delete(&Post{}).Error
	}},
	{"delete returning one", func(db *gorm.DB) error {
		return db.Clauses(clause.Returning{}).Where("author_id = ?", 1).Delete(&Post{}).Error
	}},
	{"delete for good returning", func(db *gorm.DB) error {
		var posts []Post
		return db.Unscoped().Clauses(clause.Returning{}).Where("author_id = ?", 1).Delete(&posts).Error
	}},
	{"delete all", func(db *gorm.DB) error {
		return db.Session(&gorm.Session{AllowGlobalUpdate: true}).Delete(&Post{}).Error
	}},
	{"delete all for good", func(db *gorm.DB) error { return db.Unscoped().Where("1 = 1").Delete(&Post{}).Error }},
	{"delete nobody", func(db *gorm.DB) error { return db.Delete(&Post{}, 999).Error }},
	{"delete with a table's name", func(db *gorm.DB) error {
		return db.Table("posts").Where("author_id = 1").Delete(&Post{}).Error
	}},
	{"delete what has no soft delete", func(db *gorm.DB) error { return db.Delete(&Remark{}, 10).Error }},
	{"delete what has no soft delete, by Where", func(db *gorm.DB) error { return db.Where("post_id = 10").Delete(&Remark{}).Error }},
	{"delete with a hook that deletes", func(db *gorm.DB) error { return db.Delete(&Memo{ID: 10, Title: "m0"}).Error }},
	{"delete an author and the posts", func(db *gorm.DB) error { return db.Select("Posts").Delete(&Author{ID: 1}).Error }},
	{"delete an author and all associations", func(db *gorm.DB) error {
		return db.Select(clause.Associations).Delete(&Author{ID: 1}).Error
	}},
	{"delete an author and all associations for good", func(db *gorm.DB) error {
		return db.Unscoped().Select(clause.Associations).Delete(&Author{ID: 1}).Error
	}},
	{"delete and restore", func(db *gorm.DB) error {
		return firstError(db.Delete(&Post{}, 10).Error, func() error {
			return db.Unscoped().Model(&Post{}).Where("id = 10").Update("deleted_at", nil).Error
		})
	}},
	{"delete and create again", func(db *gorm.DB) error {
		return firstError(db.Unscoped().Delete(&Post{}, 10).Error, func() error {
			return db.Create(&Post{ID: 10, AuthorID: 2, Title: "again", Published: true, CreatedAt: at(9)}).Error
		})
	}},
	{"create and delete", func(db *gorm.DB) error {
		post := Post{AuthorID: 1, Published: true}
		return firstError(db.Create(&post).Error, func() error { return db.Delete(&post).Error })
	}},
}}
