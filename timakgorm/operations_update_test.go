package timakgorm_test

import (
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

var updates = theme{name: "update", always: true, operations: []operation{
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
	{"updates of all columns of a struct", func(db *gorm.DB) error {
		return db.Model(&Post{ID: 10}).Select("*").Omit("ID").Updates(Post{Title: "all", CreatedAt: at(7)}).Error
	}},
	{"updates of a zero value", func(db *gorm.DB) error {
		return db.Model(&Post{ID: 10}).Select("Published").Updates(Post{AuthorID: 2}).Error
	}},
	{"updates without a column", func(db *gorm.DB) error {
		return db.Model(&Post{ID: 10}).Omit("Published").Updates(map[string]any{"author_id": 2, "published": false}).Error
	}},
	{"updates with the struct of an input", func(db *gorm.DB) error {
		return db.Model(&Post{}).Where("id = ?", 10).Updates(struct {
			Title    string
			AuthorID uint
		}{"input", 2}).Error
	}},
	{"updates with expressions", func(db *gorm.DB) error {
		return db.Model(&Post{}).Where("author_id = ?", 1).Updates(map[string]any{"published": gorm.Expr("NOT published"), "title": gorm.Expr("title || ?", "!")}).Error
	}},
	{"update to a subquery", func(db *gorm.DB) error {
		author := db.Session(&gorm.Session{NewDB: true}).Model(&Author{}).Select("id").Where("name = ?", "bob")
		return db.Model(&Post{ID: 10}).Update("author_id", author).Error
	}},
	{"update column with an expression", func(db *gorm.DB) error {
		return db.Model(&Post{ID: 10}).UpdateColumn("author_id", gorm.Expr("author_id + 1")).Error
	}},
	{"update with order and limit", func(db *gorm.DB) error {
		return db.Model(&Post{}).Where("author_id = 1").Order("id").Limit(1).Update("author_id", 2).Error
	}},
	{"update by a struct", func(db *gorm.DB) error {
		return db.Model(&Post{}).Where(&Post{AuthorID: 1, Published: true}).Update("author_id", 2).Error
	}},
	{"update by a map", func(db *gorm.DB) error {
		return db.Model(&Post{}).Where(map[string]any{"author_id": 1, "id": []int{10, 11}}).Update("author_id", 2).Error
	}},
	{"update by Not", func(db *gorm.DB) error {
		return db.Model(&Post{}).Not("author_id = ?", 1).Update("author_id", 3).Error
	}},
	{"update by a named argument", func(db *gorm.DB) error {
		return db.Model(&Post{}).Where("author_id = @author OR title = @title", map[string]any{"author": 1, "title": "t1"}).Update("author_id", 3).Error
	}},
	{"update by a scope", func(db *gorm.DB) error {
		of := func(db *gorm.DB) *gorm.DB { return db.Where("author_id = ?", 1) }
		return db.Model(&Post{}).Scopes(of).Update("author_id", 3).Error
	}},
	{"update by groups of conditions", func(db *gorm.DB) error {
		fresh := db.Session(&gorm.Session{NewDB: true})
		return db.Model(&Post{}).Where(fresh.Where("id = 10").Or("id = 12")).Where("published").Update("author_id", 3).Error
	}},
	{"update under another condition", func(db *gorm.DB) error {
		return db.Model(&Post{ID: 10}).Where("title = 'no'").Update("author_id", 2).Error
	}},
	{"update to NULL", func(db *gorm.DB) error {
		return db.Model(&Post{}).Where("id = ?", 10).Or("id = ?", 11).Update("author_id", nil).Error
	}},
	{"update the condition away", func(db *gorm.DB) error {
		return db.Model(&Listing{}).Where("shop = 1").Updates(map[string]any{"active": nil}).Error
	}},
	{"update soft-deleted posts with the rest", func(db *gorm.DB) error {
		return db.Unscoped().Model(&Post{}).Where("author_id = 1").Updates(map[string]any{"author_id": 2, "deleted_at": nil}).Error
	}},
	{"update a slice of pointers", func(db *gorm.DB) error {
		return db.Model([]*Post{{ID: 10}, {ID: 12}}).Update("author_id", 5).Error
	}},
	{"update a loaded post's title", func(db *gorm.DB) error {
		var post Post
		return firstError(db.First(&post, 10).Error, func() error { return db.Model(&post).Update("title", "new").Error })
	}},
	{"updates of a loaded post", func(db *gorm.DB) error {
		var post Post
		return firstError(db.First(&post, 13).Error, func() error {
			return db.Model(&post).Updates(Post{Title: "new", Published: true, CreatedAt: at(9)}).Error
		})
	}},
	{"update a loaded slice, one by one", func(db *gorm.DB) error {
		var posts []Post
		return db.Where("published").FindInBatches(&posts, 2, func(tx *gorm.DB, _ int) error {
			for i := range posts {
				posts[i].AuthorID += 5
				if err := db.Save(&posts[i]).Error; err != nil {
					return err
				}
			}
			return nil
		}).Error
	}},
	{"update the primary key of a loaded post", func(db *gorm.DB) error {
		var post Post
		return firstError(db.First(&post, 12).Error, func() error { return db.Model(&post).Update("id", 99).Error })
	}},
	{"update the primary key and the author", func(db *gorm.DB) error {
		return db.Model(&Post{}).Where("id = ?", 10).Updates(map[string]any{"id": 50, "author_id": 2}).Error
	}},
	{"update returning one", func(db *gorm.DB) error {
		return db.Model(&Post{}).Clauses(clause.Returning{}).Where("author_id = ?", 1).Update("author_id", 7).Error
	}},
	{"update returning a column", func(db *gorm.DB) error {
		var posts []Post
		return db.Model(&posts).Clauses(clause.Returning{Columns: []clause.Column{{Name: "title"}}}).Where("author_id = ?", 1).Update("author_id", 7).Error
	}},
	{"update a column that a trigger changes", func(db *gorm.DB) error {
		return db.Model(&Sign{}).Where("id > 0").Update("place", "ROOF").Error
	}},
	{"update a computed column's source", func(db *gorm.DB) error {
		return db.Model(&Price{}).Where("id > 0").Update("cents", gorm.Expr("cents * 10")).Error
	}},
	{"update a column that may only be created", func(db *gorm.DB) error {
		return db.Model(&Price{ID: 10}).Updates(Price{Cents: 7, CreatedAt: at(9)}).Error
	}},
	{"update what a hook changes", func(db *gorm.DB) error {
		return db.Model(&Memo{ID: 10, Title: "hooked"}).Update("Title", "t").Error
	}},
	{"update with hooks skipped", func(db *gorm.DB) error {
		return db.Session(&gorm.Session{SkipHooks: true}).Model(&Memo{ID: 10, Title: "hooked"}).Update("Title", "t").Error
	}},
	{"update a nested struct", func(db *gorm.DB) error {
		return db.Updates(&Remark{ID: 10, Text: "u", Post: &Post{ID: 11, Title: "not written"}}).Error
	}},
	{"update with all associations", func(db *gorm.DB) error {
		return db.Session(&gorm.Session{FullSaveAssociations: true}).Updates(&Author{ID: 1, Name: "ann", Posts: []Post{{ID: 11, Title: "full", Published: true, CreatedAt: at(9)}}}).Error
	}},
	{"update locked posts", func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			var posts []Post
			if err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Where("author_id = 1").Find(&posts).Error; err != nil {
				return err
			}
			return tx.Model(&posts).Update("author_id", 2).Error
		})
	}},
}}

// GORM passes on to Postgres and to SQLite what is UPDATE ... FROM in both.
var updatesFrom = theme{name: "update from other tables", operations: []operation{
	{"update from", func(db *gorm.DB) error {
		return db.Model(&Post{}).Clauses(clause.From{Tables: []clause.Table{{Name: "authors"}}}).
			Where("authors.id = posts.author_id AND authors.name = ?", "ann").Update("author_id", 2).Error
	}},
	{"update from, with a value of the other table", func(db *gorm.DB) error {
		return db.Model(&Post{}).Clauses(clause.From{Tables: []clause.Table{{Name: "authors"}}}).
			Where("authors.id = posts.author_id").Update("title", gorm.Expr("authors.name")).Error
	}},
	{"update from two tables", func(db *gorm.DB) error {
		return db.Model(&Post{}).Clauses(clause.From{Tables: []clause.Table{{Name: "authors"}, {Name: "remarks"}}}).
			Where("authors.id = posts.author_id AND remarks.post_id = posts.id AND authors.name = ?", "ann").Update("author_id", 2).Error
	}},
	{"update from itself by another name", func(db *gorm.DB) error {
		return db.Model(&Post{}).Clauses(clause.From{Tables: []clause.Table{{Name: "posts", Alias: "other"}}}).
			Where("other.id = posts.id + 1").Update("title", gorm.Expr("other.title")).Error
	}},
}}

var keyExpressions = theme{name: "update a primary key to an expression", operations: []operation{
	{"update a key to an expression", func(db *gorm.DB) error {
		return db.Model(&Post{}).Where("id = 10").Update("id", gorm.Expr("id + 100")).Error
	}},
	{"update keys to an expression", func(db *gorm.DB) error {
		return db.Model(&Seat{}).Where("room_id = 2").Update("room_id", gorm.Expr("room_id + 7")).Error
	}},
}}

// Other names of a table, and other models of it.
var otherNames = theme{name: "other names of a table", operations: []operation{
	{"update by an alias", func(db *gorm.DB) error {
		return db.Table("posts AS p").Where("p.id = 10").Updates(map[string]any{"author_id": 2}).Error
	}},
	{"update by another model", func(db *gorm.DB) error {
		return db.Model(&postRow{ID: 10}).Updates(map[string]any{"author_id": 2, "title": "other"}).Error
	}},
	{"create by another model", func(db *gorm.DB) error {
		return db.Create(&postRow{AuthorID: new(uint(1)), Title: new("other"), Published: true, CreatedAt: at(3)}).Error
	}},
	{"save by another model", func(db *gorm.DB) error {
		return db.Save(&postRow{ID: 10, AuthorID: new(uint(2)), Title: new("other"), Published: true, CreatedAt: at(3)}).Error
	}},
	{"delete by another model", func(db *gorm.DB) error { return db.Delete(&postRow{ID: 10}).Error }},
	{"delete for good by a model without soft delete", func(db *gorm.DB) error { return db.Delete(&hookedPost{ID: 10}).Error }},
	{"update soft-deleted posts by a model without soft delete", func(db *gorm.DB) error {
		return db.Model(&hookedPost{}).Where("author_id = 1").Update("author_id", 2).Error
	}},
	{"update with a table's name and another model", func(db *gorm.DB) error {
		return db.Table("posts").Model(&Author{}).Where("id = 10").Update("title", "other").Error
	}},
	{"delete with a table's name and another model", func(db *gorm.DB) error {
		return db.Table("posts").Where("id = ?", 10).Delete(&Author{}).Error
	}},
}}

var onlyUpdates = theme{name: "other names of a table", only: "postgres", operations: []operation{
	{"update of the table only", func(db *gorm.DB) error {
		return db.Model(&Post{}).Clauses(clause.Update{Modifier: "ONLY"}).Where("id = 10").Update("author_id", 2).Error
	}},
	{"update of a table with its schema", func(db *gorm.DB) error {
		return db.Table("public.posts").Where("id = 10").Updates(map[string]any{"author_id": 2}).Error
	}},
}}
