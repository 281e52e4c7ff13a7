package endtoend_test

import (
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm/internal/world"
)

var updates = theme{name: "update", always: true, operations: []world.Operation{
	{Name: "update one column", Run: func(db *gorm.DB) error { return db.Model(&world.Post{ID: 10}).Update("author_id", 2).Error }},
	{Name: "update by Go name", Run: func(db *gorm.DB) error { return db.Model(&world.Post{ID: 10}).Update("AuthorID", 2).Error }},
	{Name: "update a loaded post", Run: func(db *gorm.DB) error {
		var post world.Post
		return world.FirstError(db.First(&post, 10).Error, func() error { return db.Model(&post).Update("author_id", 2).Error })
	}},
	{Name: "update a stale post", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{ID: 10, AuthorID: 99}).Updates(world.Post{AuthorID: 2}).Error
	}},
	{Name: "updates with a struct", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{ID: 11}).Updates(world.Post{AuthorID: 1, Title: "u"}).Error
	}},
	{Name: "updates with a map", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{ID: 11}).Updates(map[string]any{"author_id": 1, "published": false}).Error
	}},
	{Name: "updates of another table's name", Run: func(db *gorm.DB) error {
		return db.Table("posts").Where("id = ?", 10).Updates(map[string]any{"author_id": 2}).Error
	}},
	{Name: "update column", Run: func(db *gorm.DB) error { return db.Model(&world.Post{ID: 10}).UpdateColumn("author_id", 2).Error }},
	{Name: "update columns", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{ID: 10}).UpdateColumns(map[string]any{"author_id": 2, "title": "c"}).Error
	}},
	{Name: "update with an expression", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{}).Where("id < ?", 13).Update("author_id", gorm.Expr("author_id + ?", 1)).Error
	}},
	{Name: "update the date", Run: func(db *gorm.DB) error { return db.Model(&world.Post{ID: 12}).Update("created_at", world.At(-5)).Error }},
	{Name: "update nothing that a rule names", Run: func(db *gorm.DB) error { return db.Model(&world.Post{ID: 10}).Update("body", "b").Error }},
	{Name: "publish", Run: func(db *gorm.DB) error { return db.Model(&world.Post{ID: 13}).Update("published", true).Error }},
	{Name: "make a draft", Run: func(db *gorm.DB) error { return db.Model(&world.Post{ID: 10}).Update("published", false).Error }},
	{Name: "update a batch", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{}).Where("author_id = ?", 1).Updates(map[string]any{"author_id": 3}).Error
	}},
	{Name: "update a batch with OR", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{}).Where("author_id = ?", 1).Or("title = ?", "t1").Update("author_id", 3).Error
	}},
	{Name: "update by a subquery", Run: func(db *gorm.DB) error {
		authors := db.Session(&gorm.Session{NewDB: true}).Model(&world.Author{}).Select("id").Where("name = ?", "ann")
		return db.Model(&world.Post{}).Where("author_id IN (?)", authors).Update("author_id", 4).Error
	}},
	{Name: "update a slice", Run: func(db *gorm.DB) error {
		return db.Model(&[]world.Post{{ID: 10}, {ID: 11}}).Update("author_id", 5).Error
	}},
	{Name: "update all", Run: func(db *gorm.DB) error {
		return db.Session(&gorm.Session{AllowGlobalUpdate: true}).Model(&world.Post{}).Update("author_id", 6).Error
	}},
	{Name: "update nobody", Run: func(db *gorm.DB) error { return db.Model(&world.Post{}).Where("id = 999").Update("author_id", 2).Error }},
	{Name: "update the primary key", Run: func(db *gorm.DB) error { return db.Model(&world.Post{}).Where("id = ?", 10).Update("id", 50).Error }},
	{Name: "update returning", Run: func(db *gorm.DB) error {
		var posts []world.Post
		return db.Model(&posts).Clauses(clause.Returning{}).Where("author_id = ?", 1).Update("author_id", 7).Error
	}},
	{Name: "updates of all columns of a struct", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{ID: 10}).Select("*").Omit("ID").Updates(world.Post{Title: "all", CreatedAt: world.At(7)}).Error
	}},
	{Name: "updates of a zero value", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{ID: 10}).Select("Published").Updates(world.Post{AuthorID: 2}).Error
	}},
	{Name: "updates without a column", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{ID: 10}).Omit("Published").Updates(map[string]any{"author_id": 2, "published": false}).Error
	}},
	{Name: "updates with the struct of an input", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{}).Where("id = ?", 10).Updates(struct {
			Title    string
			AuthorID uint
		}{"input", 2}).Error
	}},
	{Name: "updates with expressions", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{}).Where("author_id = ?", 1).Updates(map[string]any{"published": gorm.Expr("NOT published"), "title": gorm.Expr("title || ?", "!")}).Error
	}},
	{Name: "update to a subquery", Run: func(db *gorm.DB) error {
		author := db.Session(&gorm.Session{NewDB: true}).Model(&world.Author{}).Select("id").Where("name = ?", "bob")
		return db.Model(&world.Post{ID: 10}).Update("author_id", author).Error
	}},
	{Name: "update column with an expression", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{ID: 10}).UpdateColumn("author_id", gorm.Expr("author_id + 1")).Error
	}},
	{Name: "update with order and limit", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{}).Where("author_id = 1").Order("id").Limit(1).Update("author_id", 2).Error
	}},
	{Name: "update by a struct", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{}).Where(&world.Post{AuthorID: 1, Published: true}).Update("author_id", 2).Error
	}},
	{Name: "update by a map", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{}).Where(map[string]any{"author_id": 1, "id": []int{10, 11}}).Update("author_id", 2).Error
	}},
	{Name: "update by Not", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{}).Not("author_id = ?", 1).Update("author_id", 3).Error
	}},
	{Name: "update by a named argument", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{}).Where("author_id = @author OR title = @title", map[string]any{"author": 1, "title": "t1"}).Update("author_id", 3).Error
	}},
	{Name: "update by a scope", Run: func(db *gorm.DB) error {
		of := func(db *gorm.DB) *gorm.DB { return db.Where("author_id = ?", 1) }
		return db.Model(&world.Post{}).Scopes(of).Update("author_id", 3).Error
	}},
	{Name: "update by groups of conditions", Run: func(db *gorm.DB) error {
		fresh := db.Session(&gorm.Session{NewDB: true})
		return db.Model(&world.Post{}).Where(fresh.Where("id = 10").Or("id = 12")).Where("published").Update("author_id", 3).Error
	}},
	{Name: "update under another condition", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{ID: 10}).Where("title = 'no'").Update("author_id", 2).Error
	}},
	{Name: "update to NULL", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{}).Where("id = ?", 10).Or("id = ?", 11).Update("author_id", nil).Error
	}},
	{Name: "update the condition away", Run: func(db *gorm.DB) error {
		return db.Model(&world.Listing{}).Where("shop = 1").Updates(map[string]any{"active": nil}).Error
	}},
	{Name: "update soft-deleted posts with the rest", Run: func(db *gorm.DB) error {
		return db.Unscoped().Model(&world.Post{}).Where("author_id = 1").Updates(map[string]any{"author_id": 2, "deleted_at": nil}).Error
	}},
	{Name: "update a slice of pointers", Run: func(db *gorm.DB) error {
		return db.Model([]*world.Post{{ID: 10}, {ID: 12}}).Update("author_id", 5).Error
	}},
	{Name: "update a loaded post's title", Run: func(db *gorm.DB) error {
		var post world.Post
		return world.FirstError(db.First(&post, 10).Error, func() error { return db.Model(&post).Update("title", "new").Error })
	}},
	{Name: "updates of a loaded post", Run: func(db *gorm.DB) error {
		var post world.Post
		return world.FirstError(db.First(&post, 13).Error, func() error {
			return db.Model(&post).Updates(world.Post{Title: "new", Published: true, CreatedAt: world.At(9)}).Error
		})
	}},
	{Name: "update a loaded slice, one by one", Run: func(db *gorm.DB) error {
		var posts []world.Post
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
	{Name: "update the primary key of a loaded post", Run: func(db *gorm.DB) error {
		var post world.Post
		return world.FirstError(db.First(&post, 12).Error, func() error { return db.Model(&post).Update("id", 99).Error })
	}},
	{Name: "update the primary key and the author", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{}).Where("id = ?", 10).Updates(map[string]any{"id": 50, "author_id": 2}).Error
	}},
	{Name: "update returning one", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{}).Clauses(clause.Returning{}).Where("author_id = ?", 1).Update("author_id", 7).Error
	}},
	{Name: "update returning a column", Run: func(db *gorm.DB) error {
		var posts []world.Post
		return db.Model(&posts).Clauses(clause.Returning{Columns: []clause.Column{{Name: "title"}}}).Where("author_id = ?", 1).Update("author_id", 7).Error
	}},
	{Name: "update a column that a trigger changes", Run: func(db *gorm.DB) error {
		return db.Model(&Sign{}).Where("id > 0").Update("place", "ROOF").Error
	}},
	{Name: "update a computed column's source", Run: func(db *gorm.DB) error {
		return db.Model(&Price{}).Where("id > 0").Update("cents", gorm.Expr("cents * 10")).Error
	}},
	{Name: "update a column that may only be created", Run: func(db *gorm.DB) error {
		return db.Model(&Price{ID: 10}).Updates(Price{Cents: 7, CreatedAt: world.At(9)}).Error
	}},
	{Name: "update what a hook changes", Run: func(db *gorm.DB) error {
		return db.Model(&Memo{ID: 10, Title: "hooked"}).Update("Title", "t").Error
	}},
	{Name: "update with hooks skipped", Run: func(db *gorm.DB) error {
		return db.Session(&gorm.Session{SkipHooks: true}).Model(&Memo{ID: 10, Title: "hooked"}).Update("Title", "t").Error
	}},
	{Name: "update a nested struct", Run: func(db *gorm.DB) error {
		return db.Updates(&world.Remark{ID: 10, Text: "u", Post: &world.Post{ID: 11, Title: "not written"}}).Error
	}},
	{Name: "update with all associations", Run: func(db *gorm.DB) error {
		return db.Session(&gorm.Session{FullSaveAssociations: true}).Updates(&world.Author{ID: 1, Name: "ann", Posts: []world.Post{{ID: 11, Title: "full", Published: true, CreatedAt: world.At(9)}}}).Error
	}},
	{Name: "update locked posts", Run: func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			var posts []world.Post
			if err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Where("author_id = 1").Find(&posts).Error; err != nil {
				return err
			}
			return tx.Model(&posts).Update("author_id", 2).Error
		})
	}},
}}

// GORM passes on to Postgres and to SQLite what is UPDATE ... FROM in both.
var updatesFrom = theme{name: "update from other tables", operations: []world.Operation{
	{Name: "update from", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{}).Clauses(clause.From{Tables: []clause.Table{{Name: "authors"}}}).
			Where("authors.id = posts.author_id AND authors.name = ?", "ann").Update("author_id", 2).Error
	}},
	{Name: "update from, with a value of the other table", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{}).Clauses(clause.From{Tables: []clause.Table{{Name: "authors"}}}).
			Where("authors.id = posts.author_id").Update("title", gorm.Expr("authors.name")).Error
	}},
	{Name: "update from two tables", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{}).Clauses(clause.From{Tables: []clause.Table{{Name: "authors"}, {Name: "remarks"}}}).
			Where("authors.id = posts.author_id AND remarks.post_id = posts.id AND authors.name = ?", "ann").Update("author_id", 2).Error
	}},
	{Name: "update from itself by another name", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{}).Clauses(clause.From{Tables: []clause.Table{{Name: "posts", Alias: "other"}}}).
			Where("other.id = posts.id + 1").Update("title", gorm.Expr("other.title")).Error
	}},
}}

var keyExpressions = theme{name: "update a primary key to an expression", operations: []world.Operation{
	{Name: "update a key to an expression", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{}).Where("id = 10").Update("id", gorm.Expr("id + 100")).Error
	}},
	{Name: "update keys to an expression", Run: func(db *gorm.DB) error {
		return db.Model(&world.Seat{}).Where("room_id = 2").Update("room_id", gorm.Expr("room_id + 7")).Error
	}},
}}

// Other names of a table, and other models of it.
var otherNames = theme{name: "other names of a table", operations: []world.Operation{
	{Name: "update by an alias", Run: func(db *gorm.DB) error {
		return db.Table("posts AS p").Where("p.id = 10").Updates(map[string]any{"author_id": 2}).Error
	}},
	{Name: "update by another model", Run: func(db *gorm.DB) error {
		return db.Model(&world.PostRow{ID: 10}).Updates(map[string]any{"author_id": 2, "title": "other"}).Error
	}},
	{Name: "create by another model", Run: func(db *gorm.DB) error {
		return db.Create(&world.PostRow{AuthorID: new(uint(1)), Title: new("other"), Published: true, CreatedAt: world.At(3)}).Error
	}},
	{Name: "save by another model", Run: func(db *gorm.DB) error {
		return db.Save(&world.PostRow{ID: 10, AuthorID: new(uint(2)), Title: new("other"), Published: true, CreatedAt: world.At(3)}).Error
	}},
	{Name: "delete by another model", Run: func(db *gorm.DB) error { return db.Delete(&world.PostRow{ID: 10}).Error }},
	{Name: "delete for good by a model without soft delete", Run: func(db *gorm.DB) error { return db.Delete(&hookedPost{ID: 10}).Error }},
	{Name: "update soft-deleted posts by a model without soft delete", Run: func(db *gorm.DB) error {
		return db.Model(&hookedPost{}).Where("author_id = 1").Update("author_id", 2).Error
	}},
	{Name: "update with a table's name and another model", Run: func(db *gorm.DB) error {
		return db.Table("posts").Model(&world.Author{}).Where("id = 10").Update("title", "other").Error
	}},
	{Name: "delete with a table's name and another model", Run: func(db *gorm.DB) error {
		return db.Table("posts").Where("id = ?", 10).Delete(&world.Author{}).Error
	}},
}}

var onlyUpdates = theme{name: "other names of a table", only: "postgres", operations: []world.Operation{
	{Name: "update of the table only", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{}).Clauses(clause.Update{Modifier: "ONLY"}).Where("id = 10").Update("author_id", 2).Error
	}},
	{Name: "update of a table with its schema", Run: func(db *gorm.DB) error {
		return db.Table("public.posts").Where("id = 10").Updates(map[string]any{"author_id": 2}).Error
	}},
}}
