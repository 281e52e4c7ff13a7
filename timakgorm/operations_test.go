package timakgorm_test

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// operation is one way to write rows. Its check is the comparison of tables
// and timelines; changed says that it must have changed them.
type operation struct {
	name string
	run  func(db *gorm.DB) error
}

// operations are the forms that this backend follows.
var operations = []operation{
	{"create one", func(db *gorm.DB) error {
		return db.Create(&Post{AuthorID: 1, Title: "new", Published: true}).Error
	}},
	{"create a draft", func(db *gorm.DB) error { return db.Create(&Post{AuthorID: 1, Title: "draft"}).Error }},
	{"create a slice", func(db *gorm.DB) error {
		return db.Create(&[]Post{{AuthorID: 1, Published: true}, {AuthorID: 2, Published: true}, {AuthorID: 1}}).Error
	}},
	{"create a slice of pointers", func(db *gorm.DB) error {
		return db.Create([]*Post{{AuthorID: 1, Published: true}, {AuthorID: 2, Published: true}}).Error
	}},
	{"create in batches", func(db *gorm.DB) error {
		posts := make([]Post, 7)
		for i := range posts {
			posts[i] = Post{AuthorID: 2, Title: fmt.Sprint("batch ", i), Published: true}
		}
		return db.CreateInBatches(&posts, 3).Error
	}},
	{"create with omitted columns", func(db *gorm.DB) error {
		return db.Omit("Published").Create(&Post{AuthorID: 1, Published: true}).Error
	}},
	{"create with selected columns", func(db *gorm.DB) error {
		return db.Select("AuthorID", "Title", "Published", "CreatedAt").Create(&Post{AuthorID: 1, Title: "s", Published: true}).Error
	}},
	{"create with nested posts", func(db *gorm.DB) error {
		return db.Create(&Author{Name: "carl", Posts: []Post{{Title: "n1", Published: true}, {Title: "n2", Published: true}}}).Error
	}},
	{"create an author who takes a post over", func(db *gorm.DB) error {
		return db.Create(&Author{Name: "dora", Posts: []Post{{ID: 10, Title: "not written"}}}).Error
	}},
	{"create that fails", func(db *gorm.DB) error {
		err := db.Create(&[]Post{{AuthorID: 1, Published: true}, {ID: 10, AuthorID: 1, Published: true}}).Error
		if err == nil {
			return errors.New("a duplicate key was accepted")
		}
		return nil
	}},
	{"save a loaded post", func(db *gorm.DB) error {
		var post Post
		return firstError(db.First(&post, 10).Error, func() error {
			post.Title, post.AuthorID = "saved", 2
			return db.Save(&post).Error
		})
	}},
	{"save a new post", func(db *gorm.DB) error { return db.Save(&Post{AuthorID: 1, Published: true}).Error }},
	{"save a post with a new key", func(db *gorm.DB) error {
		return db.Save(&Post{ID: 77, AuthorID: 1, Published: true, CreatedAt: at(9)}).Error
	}},
	{"save part of a post", func(db *gorm.DB) error { return db.Save(&Post{ID: 10, Title: "partial"}).Error }},
	{"save a soft-deleted post", func(db *gorm.DB) error {
		return db.Save(&Post{ID: 14, AuthorID: 2, Title: "back", Published: true, CreatedAt: at(4)}).Error
	}},
	{"save a slice", func(db *gorm.DB) error {
		return db.Save(&[]Post{{ID: 10, AuthorID: 2, Published: true, CreatedAt: at(7)}, {AuthorID: 1, Published: true}}).Error
	}},
	{"update one column", func(db *gorm.DB) error { return db.Model(&Post{ID: 10}).Update("author_id", 2).Error }},
	{"update by Go name", func(db *gorm.DB) error { return db.Model(&Post{ID: 10}).Update("AuthorID", 2).Error }},
	{"update a loaded post", func(db *gorm.DB) error {
		var post Post
		return firstError(db.First(&post, 10).Error, func() error { return db.Model(&post).Update("author_id", 2).Error })
	}},
	{"update a stale post", func(db *gorm.DB) error {
		return db.Model(&Post{ID: 10, AuthorID: 99}).Updates(Post{AuthorID: 2}).Error
	}},
	{"updates with a struct", func(db *gorm.DB) error {
		return db.Model(&Post{ID: 11}).Updates(Post{AuthorID: 1, Title: "u"}).Error
	}},
	{"updates with a map", func(db *gorm.DB) error {
		return db.Model(&Post{ID: 11}).Updates(map[string]any{"author_id": 1, "published": false}).Error
	}},
	{"updates of another table's name", func(db *gorm.DB) error {
		return db.Table("posts").Where("id = ?", 10).Updates(map[string]any{"author_id": 2}).Error
	}},
	{"update column", func(db *gorm.DB) error { return db.Model(&Post{ID: 10}).UpdateColumn("author_id", 2).Error }},
	{"update columns", func(db *gorm.DB) error {
		return db.Model(&Post{ID: 10}).UpdateColumns(map[string]any{"author_id": 2, "title": "c"}).Error
	}},
	{"update with an expression", func(db *gorm.DB) error {
		return db.Model(&Post{}).Where("id < ?", 13).Update("author_id", gorm.Expr("author_id + ?", 1)).Error
	}},
	{"update the date", func(db *gorm.DB) error { return db.Model(&Post{ID: 12}).Update("created_at", at(-5)).Error }},
	{"update nothing that a rule names", func(db *gorm.DB) error { return db.Model(&Post{ID: 10}).Update("body", "b").Error }},
	{"publish", func(db *gorm.DB) error { return db.Model(&Post{ID: 13}).Update("published", true).Error }},
	{"make a draft", func(db *gorm.DB) error { return db.Model(&Post{ID: 10}).Update("published", false).Error }},
	{"update a batch", func(db *gorm.DB) error {
		return db.Model(&Post{}).Where("author_id = ?", 1).Updates(map[string]any{"author_id": 3}).Error
	}},
	{"update a batch with OR", func(db *gorm.DB) error {
		return db.Model(&Post{}).Where("author_id = ?", 1).Or("title = ?", "t1").Update("author_id", 3).Error
	}},
	{"update by a subquery", func(db *gorm.DB) error {
		authors := db.Session(&gorm.Session{NewDB: true}).Model(&Author{}).Select("id").Where("name = ?", "ann")
		return db.Model(&Post{}).Where("author_id IN (?)", authors).Update("author_id", 4).Error
	}},
	{"update a slice", func(db *gorm.DB) error {
		return db.Model(&[]Post{{ID: 10}, {ID: 11}}).Update("author_id", 5).Error
	}},
	{"update all", func(db *gorm.DB) error {
		return db.Session(&gorm.Session{AllowGlobalUpdate: true}).Model(&Post{}).Update("author_id", 6).Error
	}},
	{"update nobody", func(db *gorm.DB) error { return db.Model(&Post{}).Where("id = 999").Update("author_id", 2).Error }},
	{"update the primary key", func(db *gorm.DB) error { return db.Model(&Post{}).Where("id = ?", 10).Update("id", 50).Error }},
	{"update returning", func(db *gorm.DB) error {
		var posts []Post
		return db.Model(&posts).Clauses(clause.Returning{}).Where("author_id = ?", 1).Update("author_id", 7).Error
	}},
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
	{"upsert that updates", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.AssignmentColumns([]string{"author_id"})}).
			Create(&[]Post{{ID: 10, AuthorID: 9, Title: "not written", Published: true}, {ID: 60, AuthorID: 9, Published: true, CreatedAt: at(6)}}).Error
	}},
	{"upsert that does nothing", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{DoNothing: true}).Create(&Post{ID: 10, AuthorID: 9, Title: "not written", Published: true}).Error
	}},
	{"append to an association", func(db *gorm.DB) error {
		return db.Model(&Author{ID: 2}).Association("Posts").Append(&Post{Title: "appended", Published: true})
	}},
	{"append a post of another author", func(db *gorm.DB) error {
		return db.Model(&Author{ID: 2}).Association("Posts").Append(&Post{ID: 10})
	}},
	{"replace an association", func(db *gorm.DB) error {
		return db.Model(&Author{ID: 2}).Association("Posts").Replace(&Post{ID: 10})
	}},
	{"clear an association", func(db *gorm.DB) error { return db.Model(&Author{ID: 1}).Association("Posts").Clear() }},
	{"dry run", func(db *gorm.DB) error {
		return db.Session(&gorm.Session{DryRun: true}).Create(&Post{AuthorID: 1, Published: true}).Error
	}},
	{"nested transactions", func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return firstError(tx.Create(&Post{AuthorID: 1, Published: true}).Error, func() error {
				return tx.Transaction(func(tx *gorm.DB) error { return tx.Model(&Post{ID: 10}).Update("author_id", 2).Error })
			})
		})
	}},
	{"generics", func(db *gorm.DB) error {
		_, err := gorm.G[Post](db).Where("id = ?", 10).Update(context.Background(), "author_id", 2)
		return err
	}},
	{"generics delete", func(db *gorm.DB) error {
		_, err := gorm.G[Post](db).Where("id = ?", 10).Delete(context.Background())
		return err
	}},
}

func firstError(err error, next func() error) error {
	if err != nil {
		return err
	}
	return next()
}
