package timakgorm_test

import (
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// onConflict names the columns of a conflict.
func onConflict(columns ...string) clause.OnConflict {
	var c clause.OnConflict
	for _, name := range columns {
		c.Columns = append(c.Columns, clause.Column{Name: name})
	}
	return c
}

// setting makes an upsert set columns to the values that were to be inserted.
func setting(c clause.OnConflict, columns ...string) clause.OnConflict {
	c.DoUpdates = clause.AssignmentColumns(columns)
	return c
}

// assigning makes an upsert set columns to values.
func assigning(c clause.OnConflict, values map[string]any) clause.OnConflict {
	c.DoUpdates = clause.Assignments(values)
	return c
}

// moved is a listing that conflicts with number 10 by its slug.
func moved() *Listing {
	return &Listing{Slug: new("s10"), Shop: new(uint(2)), Title: "moved", Stock: new(9), CreatedAt: at(9)}
}

var upserts = theme{name: "upsert", always: true, operations: []operation{
	{"upsert that updates", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.AssignmentColumns([]string{"author_id"})}).
			Create(&[]Post{{ID: 10, AuthorID: 9, Title: "not written", Published: true}, {ID: 60, AuthorID: 9, Published: true, CreatedAt: at(6)}}).Error
	}},
	{"upsert that does nothing", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{DoNothing: true}).Create(&Post{ID: 10, AuthorID: 9, Title: "not written", Published: true}).Error
	}},
	{"upsert that does nothing by a unique column", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{DoNothing: true}).Create(moved()).Error
	}},
	{"upsert that does nothing, by the column's name", func(db *gorm.DB) error {
		c := onConflict("slug")
		c.DoNothing = true
		return db.Clauses(c).Create(moved()).Error
	}},
	{"upsert that does nothing, new", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{DoNothing: true}).Create(&Listing{Slug: new("new"), Shop: new(uint(2)), CreatedAt: at(9)}).Error
	}},
	{"upsert that does nothing about the middle one", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{DoNothing: true}).Create(&[]Listing{
			{Slug: new("n1"), Shop: new(uint(1)), Title: "n1"}, *moved(), {Slug: new("n2"), Shop: new(uint(2)), Title: "n2"},
		}).Error
	}},
	{"upsert that does nothing about the first, keys set", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{DoNothing: true}).Create(&[]Post{
			{ID: 10, AuthorID: 2, Published: true}, {ID: 60, AuthorID: 2, Published: true},
		}).Error
	}},
	{"upsert that does nothing about a soft-deleted post", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{DoNothing: true}).Create(&Post{ID: 14, AuthorID: 2, Published: true}).Error
	}},
	{"upsert of a unique column", func(db *gorm.DB) error {
		return db.Clauses(setting(onConflict("slug"), "shop")).Create(moved()).Error
	}},
	{"upsert of a unique column, its key not written", func(db *gorm.DB) error {
		return db.Clauses(setting(onConflict("slug"), "title")).Create(moved()).Error
	}},
	{"upsert of a unique column, some new", func(db *gorm.DB) error {
		return db.Clauses(setting(onConflict("slug"), "shop", "title")).Create(&[]Listing{
			{Slug: new("n1"), Shop: new(uint(1)), Title: "n1"},
			*moved(),
			{Slug: new("n2"), Shop: new(uint(2)), Title: "n2"},
			{Slug: new("s11"), Shop: new(uint(3)), Title: "moved too"},
			{Shop: new(uint(3)), Title: "no slug"},
		}).Error
	}},
	{"upsert of a unique column with some keys", func(db *gorm.DB) error {
		return db.Clauses(setting(onConflict("slug"), "shop", "title")).Create(&[]Listing{
			{ID: 60, Slug: new("n1"), Shop: new(uint(1)), Title: "n1"}, *moved(),
		}).Error
	}},
	{"upsert of a unique pair", func(db *gorm.DB) error {
		return db.Clauses(setting(onConflict("region", "code"), "shop", "stock")).Create(&[]Listing{
			{Region: new("north"), Code: new("b"), Shop: new(uint(3)), Stock: new(7)},
			{Region: new("north"), Code: new("c"), Shop: new(uint(3))},
			{Region: new("north"), Shop: new(uint(3)), Title: "half"},
		}).Error
	}},
	{"upsert of all columns by a unique column", func(db *gorm.DB) error {
		c := onConflict("slug")
		c.UpdateAll = true
		return db.Clauses(c).Create(moved()).Error
	}},
	{"upsert of all columns", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&[]Post{
			{ID: 10, AuthorID: 2, Title: "all", Published: true, CreatedAt: at(9)}, {ID: 60, AuthorID: 2, Published: true, CreatedAt: at(9)},
		}).Error
	}},
	{"upsert of all columns, keys set and not", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&[]Post{
			{ID: 10, AuthorID: 2, Title: "all", Published: true, CreatedAt: at(9)}, {AuthorID: 2, Published: true, CreatedAt: at(9)},
		}).Error
	}},
	{"upsert of a soft-deleted post", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&Post{ID: 14, AuthorID: 2, Title: "back", Published: true, CreatedAt: at(9)}).Error
	}},
	{"upsert of a soft-deleted post that stays so", func(db *gorm.DB) error {
		return db.Clauses(setting(onConflict("id"), "title", "author_id")).Create(&Post{ID: 14, AuthorID: 2, Title: "hidden", Published: true}).Error
	}},
	{"upsert with an expression", func(db *gorm.DB) error {
		return db.Clauses(assigning(onConflict("slug"), map[string]any{"stock": gorm.Expr("listings.stock + excluded.stock")})).Create(moved()).Error
	}},
	{"upsert with a value", func(db *gorm.DB) error {
		return db.Clauses(assigning(onConflict("slug"), map[string]any{"shop": 5, "active": true})).Create(moved()).Error
	}},
	{"upsert that hides", func(db *gorm.DB) error {
		return db.Clauses(assigning(onConflict("slug"), map[string]any{"active": false})).Create(moved()).Error
	}},
	{"upsert that changes the column of its conflict", func(db *gorm.DB) error {
		return db.Clauses(assigning(onConflict("slug"), map[string]any{"slug": "moved", "shop": 2})).Create(moved()).Error
	}},
	{"upsert of selected columns", func(db *gorm.DB) error {
		return db.Select("Slug", "Shop", "CreatedAt").Clauses(setting(onConflict("slug"), "shop")).Create(moved()).Error
	}},
	{"upsert in batches", func(db *gorm.DB) error {
		listings := []Listing{*moved(), {Slug: new("n1"), Shop: new(uint(1))}, {Slug: new("s11"), Shop: new(uint(2))}}
		return db.Clauses(setting(onConflict("slug"), "shop")).CreateInBatches(&listings, 2).Error
	}},
	{"upsert of two keys", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&[]Seat{
			{RoomID: 1, Number: 10, Holder: "bob", CreatedAt: at(9)}, {RoomID: 3, Number: 10, Holder: "bob", CreatedAt: at(9)}, {Number: 10, Holder: "bob", CreatedAt: at(9)},
		}).Error
	}},
	{"upsert of a text key", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&[]Leaflet{{Slug: "a,b", Section: "old", CreatedAt: at(9)}, {Slug: "new", Section: "old", CreatedAt: at(9)}}).Error
	}},
	{"upsert of a UUID", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&[]Parcel{{ID: parcelID(1), Owner: "bob", CreatedAt: at(9)}, {Owner: "bob", CreatedAt: at(9)}}).Error
	}},
	{"upsert of a UUID of the database", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&Voucher{ID: parcelID(1).String(), Owner: "bob", CreatedAt: at(9)}).Error
	}},
	{"upsert of what a trigger changes", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&Sign{ID: 10, Place: "YARD", CreatedAt: at(9)}).Error
	}},
	{"upsert by the way of find or create", func(db *gorm.DB) error {
		return db.Clauses(setting(onConflict("slug"), "shop")).Where(Listing{Title: "none"}).Attrs(moved()).FirstOrCreate(&Listing{}).Error
	}},
}}

var conditionalUpserts = theme{name: "upsert under a condition", operations: []operation{
	{"upsert where it is false", func(db *gorm.DB) error {
		c := setting(onConflict("slug"), "shop")
		c.Where = clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: "1 = 0"}}}
		return db.Clauses(c).Create(moved()).Error
	}},
	{"upsert where the row is older", func(db *gorm.DB) error {
		c := setting(onConflict("slug"), "shop", "stock")
		c.Where = clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: "listings.stock < excluded.stock"}}}
		return db.Clauses(c).Create(&[]Listing{*moved(), {Slug: new("s11"), Shop: new(uint(2)), Stock: new(-1)}, {Slug: new("n"), Shop: new(uint(2))}}).Error
	}},
	{"upsert by a partial index", func(db *gorm.DB) error {
		first := Listing{Shop: new(uint(1)), Title: "solo", CreatedAt: at(8)}
		return firstError(db.Create(&first).Error, func() error {
			c := setting(onConflict("title"), "shop")
			c.TargetWhere = clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: "title = 'solo'"}}}
			return db.Clauses(c).Create(&Listing{Shop: new(uint(2)), Title: "solo", CreatedAt: at(9)}).Error
		})
	}},
	{"upsert over a column that the database fills in", func(db *gorm.DB) error {
		return db.Omit("Shop").Clauses(setting(onConflict("slug"), "title")).Create(moved()).Error
	}},
}}

var constraintUpserts = theme{name: "upsert by a constraint", only: "postgres", operations: []operation{
	{"upsert by the primary key's constraint", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{OnConstraint: "posts_pkey", DoUpdates: clause.AssignmentColumns([]string{"author_id"})}).
			Create(&Post{ID: 10, AuthorID: 2, Title: "not written", Published: true}).Error
	}},
	{"upsert by a unique constraint", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{OnConstraint: "uni_listings_slug", DoUpdates: clause.AssignmentColumns([]string{"shop"})}).Create(moved()).Error
	}},
	{"upsert that does nothing by a constraint", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{OnConstraint: "uni_listings_slug", DoNothing: true}).Create(moved()).Error
	}},
}}

var keyUpserts = theme{name: "upsert of the primary key", operations: []operation{
	{"upsert that sets the primary key", func(db *gorm.DB) error {
		return db.Clauses(assigning(onConflict("slug"), map[string]any{"id": 99})).Create(moved()).Error
	}},
	{"upsert that sets the primary key to the one not inserted", func(db *gorm.DB) error {
		listing := moved()
		listing.ID = 99
		return db.Clauses(setting(onConflict("slug"), "id", "shop")).Create(listing).Error
	}},
}}

var mixedUpserts = theme{
	name:       "upsert that does nothing, keys set and not",
	unknowable: "ON CONFLICT DO NOTHING with primary keys set in some rows and not in others: GORM puts the new keys on the wrong elements and loses some",
	operations: []operation{
		{"upsert that does nothing, keys set and not", func(db *gorm.DB) error {
			return db.Clauses(clause.OnConflict{DoNothing: true}).Create(&[]Post{{AuthorID: 1, Published: true}, {ID: 10, AuthorID: 2}, {AuthorID: 2, Published: true}}).Error
		}},
	},
}

var upsertFailures = theme{name: "upsert that fails", breaks: true, operations: []operation{
	{"upsert that violates another constraint", func(db *gorm.DB) error {
		listing := moved()
		listing.ID, listing.Slug = 11, new("s10")
		return wantsError(db.Clauses(setting(onConflict("slug"), "id")).Create(&[]Listing{*listing}).Error)
	}},
	{"upsert without an index", func(db *gorm.DB) error {
		return wantsError(db.Clauses(setting(onConflict("stock"), "shop")).Create(moved()).Error)
	}},
}}

// REPLACE deletes rows that are in the way, by whatever index.
var replaces = theme{name: "insert or replace", only: "sqlite", operations: []operation{
	{"insert or replace", func(db *gorm.DB) error {
		return db.Clauses(clause.Insert{Modifier: "OR REPLACE"}).Create(&Post{ID: 10, AuthorID: 2, Published: true, CreatedAt: at(9)}).Error
	}},
	{"insert or replace by a unique column", func(db *gorm.DB) error {
		return db.Clauses(clause.Insert{Modifier: "OR REPLACE"}).Create(moved()).Error
	}},
	{"insert or replace two rows by one", func(db *gorm.DB) error {
		listing := moved()
		listing.ID = 11
		return db.Clauses(clause.Insert{Modifier: "OR REPLACE"}).Create(listing).Error
	}},
	{"insert or ignore", func(db *gorm.DB) error {
		return db.Clauses(clause.Insert{Modifier: "OR IGNORE"}).Create(moved()).Error
	}},
	{"update or ignore", func(db *gorm.DB) error {
		return db.Model(&Listing{}).Clauses(clause.Update{Modifier: "OR IGNORE"}).Where("id > 10").Updates(map[string]any{"slug": "s10", "shop": 2}).Error
	}},
	{"upsert without columns", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{DoUpdates: clause.AssignmentColumns([]string{"author_id"})}).Create(&Post{ID: 10, AuthorID: 2}).Error
	}},
}}

var updateReplaces = theme{name: "update or replace", only: "sqlite", operations: []operation{
	{"update or replace", func(db *gorm.DB) error {
		return db.Clauses(clause.Update{Modifier: "OR REPLACE"}).Model(&Listing{ID: 12}).Update("slug", "s10").Error
	}},
}}
