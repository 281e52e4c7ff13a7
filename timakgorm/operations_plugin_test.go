package timakgorm_test

import (
	"errors"
	"slices"

	"gorm.io/gorm"
	"gorm.io/plugin/dbresolver"
	"gorm.io/plugin/optimisticlock"
)

var optimistic = theme{name: "optimistic lock", operations: []operation{
	{"create with a version", func(db *gorm.DB) error { return db.Create(&Contract{Party: "ann", CreatedAt: at(9)}).Error }},
	{"update a loaded version", func(db *gorm.DB) error {
		var contract Contract
		return firstError(db.First(&contract, 10).Error, func() error { return db.Model(&contract).Update("party", "bob").Error })
	}},
	{"updates of a loaded version", func(db *gorm.DB) error {
		var contract Contract
		return firstError(db.First(&contract, 10).Error, func() error { return db.Model(&contract).Updates(Contract{Party: "bob"}).Error })
	}},
	{"update a stale version", func(db *gorm.DB) error {
		stale := Contract{ID: 10, Version: optimisticlock.Version{Int64: 9, Valid: true}}
		return db.Model(&stale).Update("party", "bob").Error
	}},
	{"update many versions", func(db *gorm.DB) error { return db.Model(&Contract{}).Where("id > 0").Update("party", "eve").Error }},
	{"save a loaded version", func(db *gorm.DB) error {
		var contract Contract
		return firstError(db.First(&contract, 10).Error, func() error {
			contract.Party = "bob"
			return db.Save(&contract).Error
		})
	}},
	{"save a stale version", func(db *gorm.DB) error {
		return db.Save(&Contract{ID: 10, Party: "bob", Version: optimisticlock.Version{Int64: 9, Valid: true}, CreatedAt: at(9)}).Error
	}},
	{"delete a version", func(db *gorm.DB) error { return db.Delete(&Contract{}, 10).Error }},
}}

var softDeletes = theme{name: "soft delete by its plugin", operations: []operation{
	{"create what has a moment of deletion", func(db *gorm.DB) error { return db.Create(&Banner{Place: "hall", CreatedAt: at(9)}).Error }},
	{"create deleted, by a moment", func(db *gorm.DB) error {
		return db.Create(&Banner{Place: "hall", CreatedAt: at(9), DeletedAt: 7}).Error
	}},
	{"delete by a moment", func(db *gorm.DB) error { return db.Delete(&Banner{}, 10).Error }},
	{"delete by a moment, many", func(db *gorm.DB) error { return db.Where("place = ?", "hall").Delete(&Banner{}).Error }},
	{"delete by a moment, twice", func(db *gorm.DB) error {
		return firstError(db.Delete(&Banner{}, 10).Error, func() error { return db.Delete(&Banner{}, 10).Error })
	}},
	{"delete by a moment, for good", func(db *gorm.DB) error { return db.Unscoped().Delete(&Banner{}, []int{10, 12}).Error }},
	{"restore by a moment", func(db *gorm.DB) error {
		return db.Unscoped().Model(&Banner{}).Where("id = 12").Update("deleted_at", 0).Error
	}},
	{"update what is not deleted, by a moment", func(db *gorm.DB) error {
		return db.Model(&Banner{}).Where("id > 0").Update("place", "yard").Error
	}},
	{"save what is deleted, by a moment", func(db *gorm.DB) error { return db.Save(&Banner{ID: 12, Place: "yard", CreatedAt: at(9)}).Error }},
	{"create what has a flag", func(db *gorm.DB) error { return db.Create(&Poster{Place: "hall", CreatedAt: at(9)}).Error }},
	{"delete by a flag", func(db *gorm.DB) error { return db.Delete(&Poster{ID: 10}).Error }},
	{"delete by a flag, many", func(db *gorm.DB) error { return db.Where("place = ?", "hall").Or("id = 10").Delete(&Poster{}).Error }},
	{"delete by a flag, for good", func(db *gorm.DB) error { return db.Unscoped().Where("id > 10").Delete(&Poster{}).Error }},
	{"restore by a flag", func(db *gorm.DB) error {
		return db.Unscoped().Model(&Poster{ID: 12}).UpdateColumn("gone", 0).Error
	}},
	{"update of the flag", func(db *gorm.DB) error { return db.Model(&Poster{ID: 10}).Update("gone", 1).Error }},
}}

// resolve sends reads to connections that may do nothing else.
func resolve(l *lab, db *gorm.DB) error {
	return db.Use(dbresolver.Register(dbresolver.Config{Replicas: []gorm.Dialector{l.dialector(l.replica)}}))
}

var resolverOperations = []operation{
	{"resolver, create", func(db *gorm.DB) error { return db.Create(&Post{AuthorID: 1, Published: true}).Error }},
	{"resolver, update", func(db *gorm.DB) error { return db.Model(&Post{}).Where("author_id = 1").Update("author_id", 2).Error }},
	{"resolver, save a new key", func(db *gorm.DB) error {
		return db.Save(&Post{ID: 77, AuthorID: 1, Published: true, CreatedAt: at(9)}).Error
	}},
	{"resolver, upsert", func(db *gorm.DB) error { return db.Clauses(setting(onConflict("slug"), "shop")).Create(moved()).Error }},
	{"resolver, delete", func(db *gorm.DB) error { return db.Where("author_id = 1").Delete(&Post{}).Error }},
	{"resolver, transaction", func(db *gorm.DB) error { return db.Transaction(writes) }},
	{"resolver, rollback", func(db *gorm.DB) error { return rollingBack(db.Transaction(writesAndFails)) }},
	{"resolver, source", func(db *gorm.DB) error { return writes(db.Clauses(dbresolver.Write)) }},
	{"resolver, no default transaction", func(db *gorm.DB) error {
		return writes(db.Session(&gorm.Session{SkipDefaultTransaction: true}))
	}},
	{"resolver, prepared", func(db *gorm.DB) error { return writes(db.Session(&gorm.Session{PrepareStmt: true})) }},
	{"resolver, association", func(db *gorm.DB) error {
		return db.Model(&Author{ID: 2}).Association("Posts").Replace(&Post{ID: 10}, &Post{Title: "n", Published: true})
	}},
}

// The resolver may be put to use before our plugin, or after it.
var (
	resolverAfter  = theme{name: "dbresolver, used after the plugin", alone: true, after: resolve, operations: resolverOperations}
	resolverBefore = theme{name: "dbresolver, used before the plugin", alone: true, before: resolve, operations: append(slices.Clip(resolverOperations), operation{
		"resolver, manual transaction", func(db *gorm.DB) error {
			tx := db.Begin()
			return errors.Join(writes(tx), tx.Commit().Error)
		},
	})}
)
