package timakgorm_test

import (
	"context"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

func setAuthor(id uint) clause.Assignment {
	return clause.Assignment{Column: clause.Column{Name: "author_id"}, Value: id}
}

// affected leaves the count of rows away.
func affected(_ int, err error) error { return err }

var generics = theme{name: "generics", operations: []operation{
	{"generics", func(db *gorm.DB) error {
		_, err := gorm.G[Post](db).Where("id = ?", 10).Update(context.Background(), "author_id", 2)
		return err
	}},
	{"generics delete", func(db *gorm.DB) error {
		_, err := gorm.G[Post](db).Where("id = ?", 10).Delete(context.Background())
		return err
	}},
	{"generics create", func(db *gorm.DB) error {
		return gorm.G[Post](db).Create(context.Background(), &Post{AuthorID: 1, Published: true})
	}},
	{"generics create in batches", func(db *gorm.DB) error {
		return gorm.G[Post](db).CreateInBatches(context.Background(), &[]Post{{AuthorID: 1, Published: true}, {AuthorID: 2, Published: true}, {AuthorID: 1}}, 2)
	}},
	{"generics create selected", func(db *gorm.DB) error {
		return gorm.G[Post](db).Select("AuthorID", "Published").Create(context.Background(), &Post{AuthorID: 1, Title: "not written", Published: true})
	}},
	{"generics create with omitted columns", func(db *gorm.DB) error {
		return gorm.G[Post](db).Omit("Published").Create(context.Background(), &Post{AuthorID: 1, Published: true})
	}},
	{"generics upsert", func(db *gorm.DB) error {
		return gorm.G[Listing](db, setting(onConflict("slug"), "shop")).Create(context.Background(), moved())
	}},
	{"generics upsert that does nothing", func(db *gorm.DB) error {
		return gorm.G[Listing](db, clause.OnConflict{DoNothing: true}).Create(context.Background(), moved())
	}},
	{"generics update of many", func(db *gorm.DB) error {
		return affected(gorm.G[Post](db).Where("author_id = ?", 1).Update(context.Background(), "author_id", 2))
	}},
	{"generics update with an expression", func(db *gorm.DB) error {
		return affected(gorm.G[Post](db).Where("author_id = ?", 1).Update(context.Background(), "author_id", gorm.Expr("author_id + 1")))
	}},
	{"generics updates", func(db *gorm.DB) error {
		return affected(gorm.G[Post](db).Where("id = ?", 10).Updates(context.Background(), Post{AuthorID: 2, Title: "u"}))
	}},
	{"generics set and update", func(db *gorm.DB) error {
		return affected(gorm.G[Post](db).Where("author_id = ?", 1).Set(setAuthor(2)).Update(context.Background()))
	}},
	{"generics set and create", func(db *gorm.DB) error {
		return gorm.G[Post](db).Set(setAuthor(2), clause.Assignment{Column: clause.Column{Name: "published"}, Value: true},
			clause.Assignment{Column: clause.Column{Name: "created_at"}, Value: at(9)}, clause.Assignment{Column: clause.Column{Name: "title"}, Value: "s"}).
			Create(context.Background())
	}},
	{"generics delete of many", func(db *gorm.DB) error {
		return affected(gorm.G[Post](db).Where("author_id = ?", 1).Delete(context.Background()))
	}},
	{"generics delete for good", func(db *gorm.DB) error {
		return affected(gorm.G[Post](db.Unscoped()).Where("author_id = ?", 1).Delete(context.Background()))
	}},
	{"generics by a table's name", func(db *gorm.DB) error {
		return affected(gorm.G[Post](db).Table("posts").Where("author_id = ?", 1).Update(context.Background(), "author_id", 2))
	}},
	{"generics in a transaction", func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return affected(gorm.G[Post](tx).Where("author_id = ?", 1).Delete(context.Background()))
		})
	}},
	{"generics that create in an association", func(db *gorm.DB) error {
		return affected(gorm.G[Author](db).Where("id = ?", 1).Set(clause.Association{
			Association: "Posts", Type: clause.OpCreate, Values: []any{Post{Title: "n", Published: true}},
		}).Update(context.Background()))
	}},
	{"generics that update an association", func(db *gorm.DB) error {
		return affected(gorm.G[Author](db).Where("id = ?", 1).Set(clause.Association{
			Association: "Posts", Type: clause.OpUpdate, Set: []clause.Assignment{setAuthor(2)},
		}).Update(context.Background()))
	}},
	{"generics that unlink an association", func(db *gorm.DB) error {
		return affected(gorm.G[Author](db).Where("id = ?", 1).Set(clause.Association{Association: "Posts", Type: clause.OpUnlink}).Update(context.Background()))
	}},
	{"generics that delete an association", func(db *gorm.DB) error {
		return affected(gorm.G[Author](db).Where("id = ?", 1).Set(clause.Association{Association: "Posts", Type: clause.OpDelete}).Update(context.Background()))
	}},
}}
