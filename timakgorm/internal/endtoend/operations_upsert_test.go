package endtoend_test

import (
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm/internal/world"
)

// assigning makes an upsert set columns to values.
func assigning(c clause.OnConflict, values map[string]any) clause.OnConflict {
	c.DoUpdates = clause.Assignments(values)
	return c
}

// moved is a listing that conflicts with number 10 by its slug.
func moved() *world.Listing {
	return &world.Listing{Slug: new("s10"), Shop: new(uint(2)), Title: "moved", Stock: new(9), CreatedAt: world.At(9)}
}

var upserts = theme{name: "upsert", always: true, operations: []world.Operation{
	{Name: "upsert that updates", Run: func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.AssignmentColumns([]string{"author_id"})}).
			Create(&[]world.Post{{ID: 10, AuthorID: 9, Title: "not written", Published: true}, {ID: 60, AuthorID: 9, Published: true, CreatedAt: world.At(6)}}).Error
	}},
	{Name: "upsert that does nothing", Run: func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{DoNothing: true}).Create(&world.Post{ID: 10, AuthorID: 9, Title: "not written", Published: true}).Error
	}},
	{Name: "upsert that does nothing by a unique column", Run: func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{DoNothing: true}).Create(moved()).Error
	}},
	{Name: "upsert that does nothing, by the column's name", Run: func(db *gorm.DB) error {
		c := world.OnConflict("slug")
		c.DoNothing = true
		return db.Clauses(c).Create(moved()).Error
	}},
	{Name: "upsert that does nothing, new", Run: func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{DoNothing: true}).Create(&world.Listing{Slug: new("new"), Shop: new(uint(2)), CreatedAt: world.At(9)}).Error
	}},
	{Name: "upsert that does nothing about the middle one", Run: func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{DoNothing: true}).Create(&[]world.Listing{
			{Slug: new("n1"), Shop: new(uint(1)), Title: "n1"}, *moved(), {Slug: new("n2"), Shop: new(uint(2)), Title: "n2"},
		}).Error
	}},
	{Name: "upsert that does nothing about the first, keys set", Run: func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{DoNothing: true}).Create(&[]world.Post{
			{ID: 10, AuthorID: 2, Published: true}, {ID: 60, AuthorID: 2, Published: true},
		}).Error
	}},
	{Name: "upsert that does nothing about a soft-deleted post", Run: func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{DoNothing: true}).Create(&world.Post{ID: 14, AuthorID: 2, Published: true}).Error
	}},
	{Name: "upsert of a unique column", Run: func(db *gorm.DB) error {
		return db.Clauses(world.Setting(world.OnConflict("slug"), "shop")).Create(moved()).Error
	}},
	{Name: "upsert of a unique column, its key not written", Run: func(db *gorm.DB) error {
		return db.Clauses(world.Setting(world.OnConflict("slug"), "title")).Create(moved()).Error
	}},
	{Name: "upsert of a unique column, some new", Run: func(db *gorm.DB) error {
		return db.Clauses(world.Setting(world.OnConflict("slug"), "shop", "title")).Create(&[]world.Listing{
			{Slug: new("n1"), Shop: new(uint(1)), Title: "n1"},
			*moved(),
			{Slug: new("n2"), Shop: new(uint(2)), Title: "n2"},
			{Slug: new("s11"), Shop: new(uint(3)), Title: "moved too"},
			{Shop: new(uint(3)), Title: "no slug"},
		}).Error
	}},
	{Name: "upsert of a unique column with some keys", Run: func(db *gorm.DB) error {
		return db.Clauses(world.Setting(world.OnConflict("slug"), "shop", "title")).Create(&[]world.Listing{
			{ID: 60, Slug: new("n1"), Shop: new(uint(1)), Title: "n1"}, *moved(),
		}).Error
	}},
	{Name: "upsert of a unique pair", Run: func(db *gorm.DB) error {
		return db.Clauses(world.Setting(world.OnConflict("region", "code"), "shop", "stock")).Create(&[]world.Listing{
			{Region: new("north"), Code: new("b"), Shop: new(uint(3)), Stock: new(7)},
			{Region: new("north"), Code: new("c"), Shop: new(uint(3))},
			{Region: new("north"), Shop: new(uint(3)), Title: "half"},
		}).Error
	}},
	{Name: "upsert of all columns by a unique column", Run: func(db *gorm.DB) error {
		c := world.OnConflict("slug")
		c.UpdateAll = true
		return db.Clauses(c).Create(moved()).Error
	}},
	{Name: "upsert of all columns", Run: func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&[]world.Post{
			{ID: 10, AuthorID: 2, Title: "all", Published: true, CreatedAt: world.At(9)}, {ID: 60, AuthorID: 2, Published: true, CreatedAt: world.At(9)},
		}).Error
	}},
	{Name: "upsert of all columns, keys set and not", Run: func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&[]world.Post{
			{ID: 10, AuthorID: 2, Title: "all", Published: true, CreatedAt: world.At(9)}, {AuthorID: 2, Published: true, CreatedAt: world.At(9)},
		}).Error
	}},
	{Name: "upsert of a soft-deleted post", Run: func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&world.Post{ID: 14, AuthorID: 2, Title: "back", Published: true, CreatedAt: world.At(9)}).Error
	}},
	{Name: "upsert of a soft-deleted post that stays so", Run: func(db *gorm.DB) error {
		return db.Clauses(world.Setting(world.OnConflict("id"), "title", "author_id")).Create(&world.Post{ID: 14, AuthorID: 2, Title: "hidden", Published: true}).Error
	}},
	{Name: "upsert with an expression", Run: func(db *gorm.DB) error {
		return db.Clauses(assigning(world.OnConflict("slug"), map[string]any{"stock": gorm.Expr("listings.stock + excluded.stock")})).Create(moved()).Error
	}},
	{Name: "upsert with a value", Run: func(db *gorm.DB) error {
		return db.Clauses(assigning(world.OnConflict("slug"), map[string]any{"shop": 5, "active": true})).Create(moved()).Error
	}},
	{Name: "upsert that hides", Run: func(db *gorm.DB) error {
		return db.Clauses(assigning(world.OnConflict("slug"), map[string]any{"active": false})).Create(moved()).Error
	}},
	{Name: "upsert that changes the column of its conflict", Run: func(db *gorm.DB) error {
		return db.Clauses(assigning(world.OnConflict("slug"), map[string]any{"slug": "moved", "shop": 2})).Create(moved()).Error
	}},
	{Name: "upsert of selected columns", Run: func(db *gorm.DB) error {
		return db.Select("Slug", "Shop", "CreatedAt").Clauses(world.Setting(world.OnConflict("slug"), "shop")).Create(moved()).Error
	}},
	{Name: "upsert in batches", Run: func(db *gorm.DB) error {
		listings := []world.Listing{*moved(), {Slug: new("n1"), Shop: new(uint(1))}, {Slug: new("s11"), Shop: new(uint(2))}}
		return db.Clauses(world.Setting(world.OnConflict("slug"), "shop")).CreateInBatches(&listings, 2).Error
	}},
	{Name: "upsert of two keys", Run: func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&[]world.Seat{
			{RoomID: 1, Number: 10, Holder: "bob", CreatedAt: world.At(9)}, {RoomID: 3, Number: 10, Holder: "bob", CreatedAt: world.At(9)}, {Number: 10, Holder: "bob", CreatedAt: world.At(9)},
		}).Error
	}},
	{Name: "upsert of a text key", Run: func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&[]world.Leaflet{{Slug: "a,b", Section: "old", CreatedAt: world.At(9)}, {Slug: "new", Section: "old", CreatedAt: world.At(9)}}).Error
	}},
	{Name: "upsert of a UUID", Run: func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&[]Parcel{{ID: parcelID(1), Owner: "bob", CreatedAt: world.At(9)}, {Owner: "bob", CreatedAt: world.At(9)}}).Error
	}},
	{Name: "upsert of a UUID of the database", Run: func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&Voucher{ID: parcelID(1).String(), Owner: "bob", CreatedAt: world.At(9)}).Error
	}},
	{Name: "upsert of what a trigger changes", Run: func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&Sign{ID: 10, Place: "YARD", CreatedAt: world.At(9)}).Error
	}},
	{Name: "upsert by the way of find or create", Run: func(db *gorm.DB) error {
		return db.Clauses(world.Setting(world.OnConflict("slug"), "shop")).Where(world.Listing{Title: "none"}).Attrs(moved()).FirstOrCreate(&world.Listing{}).Error
	}},
}}

var conditionalUpserts = theme{name: "upsert under a condition", operations: []world.Operation{
	{Name: "upsert where it is false", Run: func(db *gorm.DB) error {
		c := world.Setting(world.OnConflict("slug"), "shop")
		c.Where = clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: "1 = 0"}}}
		return db.Clauses(c).Create(moved()).Error
	}},
	{Name: "upsert where the row is older", Run: func(db *gorm.DB) error {
		c := world.Setting(world.OnConflict("slug"), "shop", "stock")
		c.Where = clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: "listings.stock < excluded.stock"}}}
		return db.Clauses(c).Create(&[]world.Listing{*moved(), {Slug: new("s11"), Shop: new(uint(2)), Stock: new(-1)}, {Slug: new("n"), Shop: new(uint(2))}}).Error
	}},
	{Name: "upsert by a partial index", Run: func(db *gorm.DB) error {
		first := world.Listing{Shop: new(uint(1)), Title: "solo", CreatedAt: world.At(8)}
		return world.FirstError(db.Create(&first).Error, func() error {
			c := world.Setting(world.OnConflict("title"), "shop")
			c.TargetWhere = clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: "title = 'solo'"}}}
			return db.Clauses(c).Create(&world.Listing{Shop: new(uint(2)), Title: "solo", CreatedAt: world.At(9)}).Error
		})
	}},
	{Name: "upsert over a column that the database fills in", Run: func(db *gorm.DB) error {
		return db.Omit("Shop").Clauses(world.Setting(world.OnConflict("slug"), "title")).Create(moved()).Error
	}},
}}

var constraintUpserts = theme{name: "upsert by a constraint", only: "postgres", operations: []world.Operation{
	{Name: "upsert by the primary key's constraint", Run: func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{OnConstraint: "posts_pkey", DoUpdates: clause.AssignmentColumns([]string{"author_id"})}).
			Create(&world.Post{ID: 10, AuthorID: 2, Title: "not written", Published: true}).Error
	}},
	{Name: "upsert by a unique constraint", Run: func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{OnConstraint: "uni_listings_slug", DoUpdates: clause.AssignmentColumns([]string{"shop"})}).Create(moved()).Error
	}},
	{Name: "upsert that does nothing by a constraint", Run: func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{OnConstraint: "uni_listings_slug", DoNothing: true}).Create(moved()).Error
	}},
}}

var keyUpserts = theme{name: "upsert of the primary key", operations: []world.Operation{
	{Name: "upsert that sets the primary key", Run: func(db *gorm.DB) error {
		return db.Clauses(assigning(world.OnConflict("slug"), map[string]any{"id": 99})).Create(moved()).Error
	}},
	{Name: "upsert that sets the primary key to the one not inserted", Run: func(db *gorm.DB) error {
		listing := moved()
		listing.ID = 99
		return db.Clauses(world.Setting(world.OnConflict("slug"), "id", "shop")).Create(listing).Error
	}},
}}

var mixedUpserts = theme{
	name:       "upsert that does nothing, keys set and not",
	unknowable: "ON CONFLICT DO NOTHING with primary keys set in some rows and not in others: GORM puts the new keys on the wrong elements and loses some",
	operations: []world.Operation{
		{Name: "upsert that does nothing, keys set and not", Run: func(db *gorm.DB) error {
			return db.Clauses(clause.OnConflict{DoNothing: true}).Create(&[]world.Post{{AuthorID: 1, Published: true}, {ID: 10, AuthorID: 2}, {AuthorID: 2, Published: true}}).Error
		}},
	},
}

var upsertFailures = theme{name: "upsert that fails", breaks: true, operations: []world.Operation{
	{Name: "upsert that violates another constraint", Run: func(db *gorm.DB) error {
		listing := moved()
		listing.ID, listing.Slug = 11, new("s10")
		return wantsError(db.Clauses(world.Setting(world.OnConflict("slug"), "id")).Create(&[]world.Listing{*listing}).Error)
	}},
	{Name: "upsert without an index", Run: func(db *gorm.DB) error {
		return wantsError(db.Clauses(world.Setting(world.OnConflict("stock"), "shop")).Create(moved()).Error)
	}},
}}

// REPLACE deletes rows that are in the way, by whatever index.
var replaces = theme{name: "insert or replace", only: "sqlite", operations: []world.Operation{
	{Name: "insert or replace", Run: func(db *gorm.DB) error {
		return db.Clauses(clause.Insert{Modifier: "OR REPLACE"}).Create(&world.Post{ID: 10, AuthorID: 2, Published: true, CreatedAt: world.At(9)}).Error
	}},
	{Name: "insert or replace by a unique column", Run: func(db *gorm.DB) error {
		return db.Clauses(clause.Insert{Modifier: "OR REPLACE"}).Create(moved()).Error
	}},
	{Name: "insert or replace two rows by one", Run: func(db *gorm.DB) error {
		listing := moved()
		listing.ID = 11
		return db.Clauses(clause.Insert{Modifier: "OR REPLACE"}).Create(listing).Error
	}},
	{Name: "insert or ignore", Run: func(db *gorm.DB) error {
		return db.Clauses(clause.Insert{Modifier: "OR IGNORE"}).Create(moved()).Error
	}},
	{Name: "update or ignore", Run: func(db *gorm.DB) error {
		return db.Model(&world.Listing{}).Clauses(clause.Update{Modifier: "OR IGNORE"}).Where("id > 10").Updates(map[string]any{"slug": "s10", "shop": 2}).Error
	}},
	{Name: "upsert without columns", Run: func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{DoUpdates: clause.AssignmentColumns([]string{"author_id"})}).Create(&world.Post{ID: 10, AuthorID: 2}).Error
	}},
}}

var updateReplaces = theme{name: "update or replace", only: "sqlite", operations: []world.Operation{
	{Name: "update or replace", Run: func(db *gorm.DB) error {
		return db.Clauses(clause.Update{Modifier: "OR REPLACE"}).Model(&world.Listing{ID: 12}).Update("slug", "s10").Error
	}},
}}
