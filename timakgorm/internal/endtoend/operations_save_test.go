package endtoend_test

import (
	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/world"
)

var saves = theme{name: "save", always: true, operations: []world.Operation{
	{Name: "save a loaded post", Run: func(db *gorm.DB) error {
		var post world.Post
		return world.FirstError(db.First(&post, 10).Error, func() error {
			post.Title, post.AuthorID = "saved", 2
			return db.Save(&post).Error
		})
	}},
	{Name: "save a new post", Run: func(db *gorm.DB) error { return db.Save(&world.Post{AuthorID: 1, Published: true}).Error }},
	{Name: "save a post with a new key", Run: func(db *gorm.DB) error {
		return db.Save(&world.Post{ID: 77, AuthorID: 1, Published: true, CreatedAt: world.At(9)}).Error
	}},
	{Name: "save part of a post", Run: func(db *gorm.DB) error { return db.Save(&world.Post{ID: 10, Title: "partial"}).Error }},
	{Name: "save a soft-deleted post", Run: func(db *gorm.DB) error {
		return db.Save(&world.Post{ID: 14, AuthorID: 2, Title: "back", Published: true, CreatedAt: world.At(4)}).Error
	}},
	{Name: "save a slice", Run: func(db *gorm.DB) error {
		return db.Save(&[]world.Post{{ID: 10, AuthorID: 2, Published: true, CreatedAt: world.At(7)}, {AuthorID: 1, Published: true}}).Error
	}},
	{Name: "save a loaded post with another title", Run: func(db *gorm.DB) error {
		var post world.Post
		return world.FirstError(db.First(&post, 10).Error, func() error {
			post.Title = "saved"
			return db.Save(&post).Error
		})
	}},
	{Name: "save a loaded post as a draft", Run: func(db *gorm.DB) error {
		var post world.Post
		return world.FirstError(db.First(&post, 10).Error, func() error {
			post.Published = false
			return db.Save(&post).Error
		})
	}},
	{Name: "save loaded posts with other dates", Run: func(db *gorm.DB) error {
		var posts []world.Post
		return world.FirstError(db.Where("author_id = 1").Find(&posts).Error, func() error {
			for i := range posts {
				posts[i].CreatedAt = world.At(9 - i)
			}
			return db.Save(&posts).Error
		})
	}},
	{Name: "save a slice of pointers", Run: func(db *gorm.DB) error {
		return db.Save([]*world.Post{{ID: 10, AuthorID: 2, Published: true, CreatedAt: world.At(7)}, {ID: 14, AuthorID: 1, Published: true, CreatedAt: world.At(8)}}).Error
	}},
	{Name: "save selected columns", Run: func(db *gorm.DB) error {
		return db.Select("Title").Save(&world.Post{ID: 10, AuthorID: 2, Title: "selected"}).Error
	}},
	{Name: "save without a column", Run: func(db *gorm.DB) error {
		return db.Omit("AuthorID").Save(&world.Post{ID: 10, AuthorID: 2, Title: "omitted", Published: true, CreatedAt: world.At(7)}).Error
	}},
	{Name: "save under a condition", Run: func(db *gorm.DB) error {
		return db.Where("title = ?", "t0").Save(&world.Post{ID: 10, AuthorID: 2, Title: "where", Published: true, CreatedAt: world.At(7)}).Error
	}},
	{Name: "save a soft-deleted post unscoped", Run: func(db *gorm.DB) error {
		var post world.Post
		return world.FirstError(db.Unscoped().First(&post, 14).Error, func() error {
			post.DeletedAt, post.AuthorID = gorm.DeletedAt{}, 2
			return db.Unscoped().Save(&post).Error
		})
	}},
	{Name: "save what was loaded and has been deleted", Run: func(db *gorm.DB) error {
		var post world.Post
		return world.FirstError(db.First(&post, 10).Error, func() error {
			return world.FirstError(db.Delete(&world.Post{}, 10).Error, func() error { return db.Save(&post).Error })
		})
	}},
	{Name: "save all of an author", Run: func(db *gorm.DB) error {
		var author world.Author
		return world.FirstError(db.Preload("Posts").First(&author, 1).Error, func() error {
			author.Posts[0].Title = "in full"
			author.Posts = append(author.Posts, world.Post{Title: "new", Published: true, CreatedAt: world.At(9)})
			return db.Session(&gorm.Session{FullSaveAssociations: true}).Save(&author).Error
		})
	}},
	{Name: "save an author and his posts", Run: func(db *gorm.DB) error {
		return db.Save(&world.Author{ID: 2, Name: "bob", Posts: []world.Post{{ID: 10, Title: "not written"}, {Title: "new", Published: true}}}).Error
	}},
	{Name: "save without the associations", Run: func(db *gorm.DB) error {
		return db.Omit("Posts").Save(&world.Author{ID: 2, Name: "bob", Posts: []world.Post{{ID: 10}}}).Error
	}},
	{Name: "save a remark and its new post", Run: func(db *gorm.DB) error {
		return db.Save(&world.Remark{ID: 10, Text: "moved", CreatedAt: world.At(9), Post: &world.Post{AuthorID: 2, Title: "new", Published: true, CreatedAt: world.At(9)}}).Error
	}},
	{Name: "save a computed column's source", Run: func(db *gorm.DB) error {
		return db.Save(&Price{ID: 10, Cents: 9000, CreatedAt: world.At(9)}).Error
	}},
	{Name: "save what a trigger changes", Run: func(db *gorm.DB) error {
		return db.Save(&Sign{ID: 10, Place: "YARD", CreatedAt: world.At(9)}).Error
	}},
	{Name: "save what a hook changes", Run: func(db *gorm.DB) error {
		return db.Save(&Memo{ID: 10, Owner: "bob", Title: "hooked", CreatedAt: world.At(9)}).Error
	}},
	{Name: "save a new key without hooks", Run: func(db *gorm.DB) error {
		return db.Session(&gorm.Session{SkipHooks: true}).Save(&Memo{ID: 60, Owner: "bob", Title: "hooked", CreatedAt: world.At(9)}).Error
	}},
}}
