package endtoend_test

import (
	"errors"
	"slices"

	"gorm.io/gorm"
	"gorm.io/plugin/dbresolver"
	"gorm.io/plugin/optimisticlock"

	"github.com/timak-go/timak/timakgorm/internal/world"
)

var optimistic = theme{name: "optimistic lock", operations: []world.Operation{
	{Name: "create with a version", Run: func(db *gorm.DB) error { return db.Create(&Contract{Party: "ann", CreatedAt: world.At(9)}).Error }},
	{Name: "update a loaded version", Run: func(db *gorm.DB) error {
		var contract Contract
		return world.FirstError(db.First(&contract, 10).Error, func() error { return db.Model(&contract).Update("party", "bob").Error })
	}},
	{Name: "updates of a loaded version", Run: func(db *gorm.DB) error {
		var contract Contract
		return world.FirstError(db.First(&contract, 10).Error, func() error { return db.Model(&contract).Updates(Contract{Party: "bob"}).Error })
	}},
	{Name: "update a stale version", Run: func(db *gorm.DB) error {
		stale := Contract{ID: 10, Version: optimisticlock.Version{Int64: 9, Valid: true}}
		return db.Model(&stale).Update("party", "bob").Error
	}},
	{Name: "update many versions", Run: func(db *gorm.DB) error { return db.Model(&Contract{}).Where("id > 0").Update("party", "eve").Error }},
	{Name: "save a loaded version", Run: func(db *gorm.DB) error {
		var contract Contract
		return world.FirstError(db.First(&contract, 10).Error, func() error {
			contract.Party = "bob"
			return db.Save(&contract).Error
		})
	}},
	{Name: "save a stale version", Run: func(db *gorm.DB) error {
		return db.Save(&Contract{ID: 10, Party: "bob", Version: optimisticlock.Version{Int64: 9, Valid: true}, CreatedAt: world.At(9)}).Error
	}},
	{Name: "delete a version", Run: func(db *gorm.DB) error { return db.Delete(&Contract{}, 10).Error }},
}}

var softDeletes = theme{name: "soft delete by its plugin", operations: []world.Operation{
	{Name: "create what has a moment of deletion", Run: func(db *gorm.DB) error { return db.Create(&Banner{Place: "hall", CreatedAt: world.At(9)}).Error }},
	{Name: "create deleted, by a moment", Run: func(db *gorm.DB) error {
		return db.Create(&Banner{Place: "hall", CreatedAt: world.At(9), DeletedAt: 7}).Error
	}},
	{Name: "delete by a moment", Run: func(db *gorm.DB) error { return db.Delete(&Banner{}, 10).Error }},
	{Name: "delete by a moment, many", Run: func(db *gorm.DB) error { return db.Where("place = ?", "hall").Delete(&Banner{}).Error }},
	{Name: "delete by a moment, twice", Run: func(db *gorm.DB) error {
		return world.FirstError(db.Delete(&Banner{}, 10).Error, func() error { return db.Delete(&Banner{}, 10).Error })
	}},
	{Name: "delete by a moment, for good", Run: func(db *gorm.DB) error { return db.Unscoped().Delete(&Banner{}, []int{10, 12}).Error }},
	{Name: "restore by a moment", Run: func(db *gorm.DB) error {
		return db.Unscoped().Model(&Banner{}).Where("id = 12").Update("deleted_at", 0).Error
	}},
	{Name: "update what is not deleted, by a moment", Run: func(db *gorm.DB) error {
		return db.Model(&Banner{}).Where("id > 0").Update("place", "yard").Error
	}},
	{Name: "save what is deleted, by a moment", Run: func(db *gorm.DB) error { return db.Save(&Banner{ID: 12, Place: "yard", CreatedAt: world.At(9)}).Error }},
	{Name: "create what has a flag", Run: func(db *gorm.DB) error { return db.Create(&Poster{Place: "hall", CreatedAt: world.At(9)}).Error }},
	{Name: "delete by a flag", Run: func(db *gorm.DB) error { return db.Delete(&Poster{ID: 10}).Error }},
	{Name: "delete by a flag, many", Run: func(db *gorm.DB) error { return db.Where("place = ?", "hall").Or("id = 10").Delete(&Poster{}).Error }},
	{Name: "delete by a flag, for good", Run: func(db *gorm.DB) error { return db.Unscoped().Where("id > 10").Delete(&Poster{}).Error }},
	{Name: "restore by a flag", Run: func(db *gorm.DB) error {
		return db.Unscoped().Model(&Poster{ID: 12}).UpdateColumn("gone", 0).Error
	}},
	{Name: "update of the flag", Run: func(db *gorm.DB) error { return db.Model(&Poster{ID: 10}).Update("gone", 1).Error }},
}}

// resolve sends reads to connections that may do nothing else.
func resolve(l *lab, db *gorm.DB) error {
	return db.Use(dbresolver.Register(dbresolver.Config{Replicas: []gorm.Dialector{l.dialector(l.replica)}}))
}

var resolverOperations = []world.Operation{
	{Name: "resolver, create", Run: func(db *gorm.DB) error { return db.Create(&world.Post{AuthorID: 1, Published: true}).Error }},
	{Name: "resolver, update", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{}).Where("author_id = 1").Update("author_id", 2).Error
	}},
	{Name: "resolver, save a new key", Run: func(db *gorm.DB) error {
		return db.Save(&world.Post{ID: 77, AuthorID: 1, Published: true, CreatedAt: world.At(9)}).Error
	}},
	{Name: "resolver, upsert", Run: func(db *gorm.DB) error {
		return db.Clauses(world.Setting(world.OnConflict("slug"), "shop")).Create(moved()).Error
	}},
	{Name: "resolver, delete", Run: func(db *gorm.DB) error { return db.Where("author_id = 1").Delete(&world.Post{}).Error }},
	{Name: "resolver, transaction", Run: func(db *gorm.DB) error { return db.Transaction(writes) }},
	{Name: "resolver, rollback", Run: func(db *gorm.DB) error { return rollingBack(db.Transaction(writesAndFails)) }},
	{Name: "resolver, source", Run: func(db *gorm.DB) error { return writes(db.Clauses(dbresolver.Write)) }},
	{Name: "resolver, no default transaction", Run: func(db *gorm.DB) error {
		return writes(db.Session(&gorm.Session{SkipDefaultTransaction: true}))
	}},
	{Name: "resolver, prepared", Run: func(db *gorm.DB) error { return writes(db.Session(&gorm.Session{PrepareStmt: true})) }},
	{Name: "resolver, association", Run: func(db *gorm.DB) error {
		return db.Model(&world.Author{ID: 2}).Association("Posts").Replace(&world.Post{ID: 10}, &world.Post{Title: "n", Published: true})
	}},
}

// The resolver may be put to use before our plugin, or after it.
var (
	resolverAfter  = theme{name: "dbresolver, used after the plugin", alone: true, after: resolve, operations: resolverOperations}
	resolverBefore = theme{name: "dbresolver, used before the plugin", alone: true, before: resolve, operations: append(slices.Clip(resolverOperations), world.Operation{
		Name: "resolver, manual transaction", Run: func(db *gorm.DB) error {
			tx := db.Begin()
			return errors.Join(writes(tx), tx.Commit().Error)
		},
	})}
)
