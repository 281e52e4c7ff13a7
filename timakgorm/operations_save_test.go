package timakgorm_test

import (
	"gorm.io/gorm"
)

var saves = theme{name: "save", always: true, operations: []operation{
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
	{"save a loaded post with another title", func(db *gorm.DB) error {
		var post Post
		return firstError(db.First(&post, 10).Error, func() error {
			post.Title = "saved"
			return db.Save(&post).Error
		})
	}},
	{"save a loaded post as a draft", func(db *gorm.DB) error {
		var post Post
		return firstError(db.First(&post, 10).Error, func() error {
			post.Published = false
			return db.Save(&post).Error
		})
	}},
	{"save loaded posts with other dates", func(db *gorm.DB) error {
		var posts []Post
		return firstError(db.Where("author_id = 1").Find(&posts).Error, func() error {
			for i := range posts {
				posts[i].CreatedAt = at(9 - i)
			}
			return db.Save(&posts).Error
		})
	}},
	{"save a slice of pointers", func(db *gorm.DB) error {
		return db.Save([]*Post{{ID: 10, AuthorID: 2, Published: true, CreatedAt: at(7)}, {ID: 14, AuthorID: 1, Published: true, CreatedAt: at(8)}}).Error
	}},
	{"save selected columns", func(db *gorm.DB) error {
		return db.Select("Title").Save(&Post{ID: 10, AuthorID: 2, Title: "selected"}).Error
	}},
	{"save without a column", func(db *gorm.DB) error {
		return db.Omit("AuthorID").Save(&Post{ID: 10, AuthorID: 2, Title: "omitted", Published: true, CreatedAt: at(7)}).Error
	}},
	{"save under a condition", func(db *gorm.DB) error {
		return db.Where("title = ?", "t0").Save(&Post{ID: 10, AuthorID: 2, Title: "where", Published: true, CreatedAt: at(7)}).Error
	}},
	{"save a soft-deleted post unscoped", func(db *gorm.DB) error {
		var post Post
		return firstError(db.Unscoped().First(&post, 14).Error, func() error {
			post.DeletedAt, post.AuthorID = gorm.DeletedAt{}, 2
			return db.Unscoped().Save(&post).Error
		})
	}},
	{"save what was loaded and has been deleted", func(db *gorm.DB) error {
		var post Post
		return firstError(db.First(&post, 10).Error, func() error {
			return firstError(db.Delete(&Post{}, 10).Error, func() error { return db.Save(&post).Error })
		})
	}},
	{"save all of an author", func(db *gorm.DB) error {
		var author Author
		return firstError(db.Preload("Posts").First(&author, 1).Error, func() error {
			author.Posts[0].Title = "in full"
			author.Posts = append(author.Posts, Post{Title: "new", Published: true, CreatedAt: at(9)})
			return db.Session(&gorm.Session{FullSaveAssociations: true}).Save(&author).Error
		})
	}},
	{"save an author and his posts", func(db *gorm.DB) error {
		return db.Save(&Author{ID: 2, Name: "bob", Posts: []Post{{ID: 10, Title: "not written"}, {Title: "new", Published: true}}}).Error
	}},
	{"save without the associations", func(db *gorm.DB) error {
		return db.Omit("Posts").Save(&Author{ID: 2, Name: "bob", Posts: []Post{{ID: 10}}}).Error
	}},
	{"save a remark and its new post", func(db *gorm.DB) error {
		return db.Save(&Remark{ID: 10, Text: "moved", CreatedAt: at(9), Post: &Post{AuthorID: 2, Title: "new", Published: true, CreatedAt: at(9)}}).Error
	}},
	{"save a computed column's source", func(db *gorm.DB) error {
		return db.Save(&Price{ID: 10, Cents: 9000, CreatedAt: at(9)}).Error
	}},
	{"save what a trigger changes", func(db *gorm.DB) error {
		return db.Save(&Sign{ID: 10, Place: "YARD", CreatedAt: at(9)}).Error
	}},
	{"save what a hook changes", func(db *gorm.DB) error {
		return db.Save(&Memo{ID: 10, Owner: "bob", Title: "hooked", CreatedAt: at(9)}).Error
	}},
	{"save a new key without hooks", func(db *gorm.DB) error {
		return db.Session(&gorm.Session{SkipHooks: true}).Save(&Memo{ID: 60, Owner: "bob", Title: "hooked", CreatedAt: at(9)}).Error
	}},
}}
