package endtoend_test

import (
	"context"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm/internal/world"
)

func setAuthor(id uint) clause.Assignment {
	return clause.Assignment{Column: clause.Column{Name: "author_id"}, Value: id}
}

// affected leaves the count of rows away.
func affected(_ int, err error) error { return err }

var generics = theme{name: "generics", operations: []world.Operation{
	{Name: "generics", Run: func(db *gorm.DB) error {
		_, err := gorm.G[world.Post](db).Where("id = ?", 10).Update(context.Background(), "author_id", 2)
		return err
	}},
	{Name: "generics delete", Run: func(db *gorm.DB) error {
		_, err := gorm.G[world.Post](db).Where("id = ?", 10).Delete(context.Background())
		return err
	}},
	{Name: "generics create", Run: func(db *gorm.DB) error {
		return gorm.G[world.Post](db).Create(context.Background(), &world.Post{AuthorID: 1, Published: true})
	}},
	{Name: "generics create in batches", Run: func(db *gorm.DB) error {
		return gorm.G[world.Post](db).CreateInBatches(context.Background(), &[]world.Post{{AuthorID: 1, Published: true}, {AuthorID: 2, Published: true}, {AuthorID: 1}}, 2)
	}},
	{Name: "generics create selected", Run: func(db *gorm.DB) error {
		return gorm.G[world.Post](db).Select("AuthorID", "Published").Create(context.Background(), &world.Post{AuthorID: 1, Title: "not written", Published: true})
	}},
	{Name: "generics create with omitted columns", Run: func(db *gorm.DB) error {
		return gorm.G[world.Post](db).Omit("Published").Create(context.Background(), &world.Post{AuthorID: 1, Published: true})
	}},
	{Name: "generics upsert", Run: func(db *gorm.DB) error {
		return gorm.G[world.Listing](db, world.Setting(world.OnConflict("slug"), "shop")).Create(context.Background(), moved())
	}},
	{Name: "generics upsert that does nothing", Run: func(db *gorm.DB) error {
		return gorm.G[world.Listing](db, clause.OnConflict{DoNothing: true}).Create(context.Background(), moved())
	}},
	{Name: "generics update of many", Run: func(db *gorm.DB) error {
		return affected(gorm.G[world.Post](db).Where("author_id = ?", 1).Update(context.Background(), "author_id", 2))
	}},
	{Name: "generics update with an expression", Run: func(db *gorm.DB) error {
		return affected(gorm.G[world.Post](db).Where("author_id = ?", 1).Update(context.Background(), "author_id", gorm.Expr("author_id + 1")))
	}},
	{Name: "generics updates", Run: func(db *gorm.DB) error {
		return affected(gorm.G[world.Post](db).Where("id = ?", 10).Updates(context.Background(), world.Post{AuthorID: 2, Title: "u"}))
	}},
	{Name: "generics set and update", Run: func(db *gorm.DB) error {
		return affected(gorm.G[world.Post](db).Where("author_id = ?", 1).Set(setAuthor(2)).Update(context.Background()))
	}},
	{Name: "generics set and create", Run: func(db *gorm.DB) error {
		return gorm.G[world.Post](db).Set(setAuthor(2), clause.Assignment{Column: clause.Column{Name: "published"}, Value: true},
			clause.Assignment{Column: clause.Column{Name: "created_at"}, Value: world.At(9)}, clause.Assignment{Column: clause.Column{Name: "title"}, Value: "s"}).
			Create(context.Background())
	}},
	{Name: "generics delete of many", Run: func(db *gorm.DB) error {
		return affected(gorm.G[world.Post](db).Where("author_id = ?", 1).Delete(context.Background()))
	}},
	{Name: "generics delete for good", Run: func(db *gorm.DB) error {
		return affected(gorm.G[world.Post](db.Unscoped()).Where("author_id = ?", 1).Delete(context.Background()))
	}},
	{Name: "generics by a table's name", Run: func(db *gorm.DB) error {
		return affected(gorm.G[world.Post](db).Table("posts").Where("author_id = ?", 1).Update(context.Background(), "author_id", 2))
	}},
	{Name: "generics in a transaction", Run: func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return affected(gorm.G[world.Post](tx).Where("author_id = ?", 1).Delete(context.Background()))
		})
	}},
	{Name: "generics that create in an association", Run: func(db *gorm.DB) error {
		return affected(gorm.G[world.Author](db).Where("id = ?", 1).Set(clause.Association{
			Association: "Posts", Type: clause.OpCreate, Values: []any{world.Post{Title: "n", Published: true}},
		}).Update(context.Background()))
	}},
	{Name: "generics that update an association", Run: func(db *gorm.DB) error {
		return affected(gorm.G[world.Author](db).Where("id = ?", 1).Set(clause.Association{
			Association: "Posts", Type: clause.OpUpdate, Set: []clause.Assignment{setAuthor(2)},
		}).Update(context.Background()))
	}},
	{Name: "generics that unlink an association", Run: func(db *gorm.DB) error {
		return affected(gorm.G[world.Author](db).Where("id = ?", 1).Set(clause.Association{Association: "Posts", Type: clause.OpUnlink}).Update(context.Background()))
	}},
	{Name: "generics that delete an association", Run: func(db *gorm.DB) error {
		return affected(gorm.G[world.Author](db).Where("id = ?", 1).Set(clause.Association{Association: "Posts", Type: clause.OpDelete}).Update(context.Background()))
	}},
}}
