package endtoend_test

import (
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// Foreign keys change rows of files, spots and pins.
var (
	cascades       = theme{name: "cascade", operations: followedCascades}
	sqliteCascades = theme{name: "cascade", only: "sqlite", operations: []world.Operation{
		{Name: "insert or replace of a realm", Run: func(db *gorm.DB) error {
			return db.Clauses(clause.Insert{Modifier: "OR REPLACE"}).Create(&world.Realm{ID: 1, Code: "a"}).Error
		}},
		{Name: "insert or replace of a realm by its code", Run: func(db *gorm.DB) error {
			return db.Clauses(clause.Insert{Modifier: "OR REPLACE"}).Create(&world.Realm{ID: 9, Code: "a"}).Error
		}},
		{Name: "insert or replace of a spot", Run: func(db *gorm.DB) error {
			return db.Clauses(clause.Insert{Modifier: "OR REPLACE"}).Create(&world.Spot{ID: 10, CreatedAt: world.At(9)}).Error
		}},
		{Name: "update or replace of a zone", Run: func(db *gorm.DB) error {
			return db.Clauses(clause.Update{Modifier: "OR REPLACE"}).Model(&world.Zone{ID: 3}).Update("id", 1).Error
		}},
	}}
	rawCascades      = theme{name: "cascade", cascade: true, operations: toldCascades}
	postgresCascades = theme{name: "cascade", cascade: true, only: "postgres", operations: []world.Operation{
		{Name: "truncate of folders and what refers to them", Run: world.Executed("TRUNCATE folders CASCADE")},
		{Name: "truncate of empires and what refers to them", Run: world.Executed("TRUNCATE empires CASCADE")},
		{Name: "merge that deletes realms", Run: world.Executed("MERGE INTO realms USING empires ON empires.id = realms.empire_id WHEN MATCHED THEN DELETE")},
		{Name: "block of code that deletes a realm", Run: world.Executed("DO $$ BEGIN DELETE FROM realms WHERE id = 1; END $$")},
	}}
	sqliteRawCascades = theme{name: "cascade", cascade: true, only: "sqlite", operations: []world.Operation{
		{Name: "raw replace of a realm", Run: world.Executed("REPLACE INTO realms (id, code) VALUES (1, 'a')")},
		{Name: "raw update or replace of a zone", Run: world.Executed("UPDATE OR REPLACE zones SET id = 1 WHERE id = 3")},
	}}
	droppedColumns = theme{
		name: "cascade", cascade: true, only: "sqlite",
		restore: `DELETE FROM spots; DROP TABLE realms;
			CREATE TABLE realms (id bigint PRIMARY KEY, empire_id bigint REFERENCES empires ON DELETE CASCADE, code text UNIQUE, name text)`,
		operations: []world.Operation{
			{Name: "drop of a realm's column by the migrator", Run: func(db *gorm.DB) error { return db.Migrator().DropColumn(&world.Realm{}, "Name") }},
		},
	}
	droppedTables = theme{
		name: "cascade", cascade: true, only: "sqlite",
		restore:    "CREATE TABLE zones (id bigint PRIMARY KEY, realm_id bigint REFERENCES realms ON DELETE CASCADE ON UPDATE CASCADE, name text)",
		operations: []world.Operation{{Name: "drop of the table of zones", Run: world.Executed("DROP TABLE zones")}},
	}
)

var followedCascades = []world.Operation{
	{Name: "delete a folder, and its files with it", Run: func(db *gorm.DB) error { return db.Delete(&Folder{ID: 1}).Error }},
	{Name: "delete folders, and their files with them", Run: func(db *gorm.DB) error { return db.Where("id > 0").Delete(&Folder{}).Error }},
	{Name: "delete a drawer, and its files are in none", Run: func(db *gorm.DB) error { return db.Delete(&Drawer{ID: 1}).Error }},
	{Name: "update a folder's key, and its files follow", Run: func(db *gorm.DB) error {
		return db.Model(&Folder{}).Where("id = 1").Update("id", 9).Error
	}},
	{Name: "delete an empire, and its realms, zones and spots with it", Run: func(db *gorm.DB) error { return db.Delete(&world.Empire{ID: 1}).Error }},
	{Name: "delete a spot, and those under it", Run: func(db *gorm.DB) error { return db.Delete(&world.Spot{ID: 10}).Error }},
	{Name: "delete a realm, and spots have the default's code", Run: func(db *gorm.DB) error { return db.Delete(&world.Realm{ID: 2}).Error }},
	{Name: "update a realm's code, and its spots follow", Run: func(db *gorm.DB) error { return db.Model(&world.Realm{ID: 1}).Update("code", "z").Error }},
	{Name: "update a zone's key, and its spots are in none", Run: func(db *gorm.DB) error { return db.Model(&world.Zone{ID: 1}).Update("id", 9).Error }},
	{Name: "update a spot's key, and its pins follow", Run: func(db *gorm.DB) error { return db.Model(&world.Spot{ID: 13}).Update("id", 93).Error }},
	{Name: "save a realm with another code", Run: func(db *gorm.DB) error { return db.Save(&world.Realm{ID: 1, Code: "z"}).Error }},
	{Name: "delete a zone by an alias", Run: func(db *gorm.DB) error { return db.Table("zones AS z").Where("z.id = 1").Delete(&world.Zone{}).Error }},
	{Name: "delete zones and make them again", Run: func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return world.FirstError(tx.Delete(&world.Zone{ID: 1}).Error, func() error { return tx.Create(&world.Zone{ID: 1}).Error })
		})
	}},
	{Name: "delete a realm whose spots were changed before", Run: func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return world.FirstError(tx.Model(&world.Spot{ID: 11}).Update("zone_id", 3).Error, func() error { return tx.Delete(&world.Realm{ID: 1}).Error })
		})
	}},
	{Name: "raw delete of an empire, with the rows named", Run: func(db *gorm.DB) error {
		return timakgorm.Follow(db, func(tx *gorm.DB) error { return tx.Exec("DELETE FROM empires").Error },
			timakgorm.Rows(&world.Spot{}, "1 = 1"), timakgorm.Rows(&world.Pin{}, "1 = 1"))
	}},
}

var toldCascades = []world.Operation{
	{Name: "raw delete of a folder", Run: world.Executed("DELETE FROM folders WHERE id = 1")},
	{Name: "raw delete of an empire", Run: world.Executed("DELETE FROM empires WHERE id = 1")},
	{Name: "raw delete of a realm, returning", Run: func(db *gorm.DB) error { return scanned(db, "DELETE FROM realms WHERE id = 1 RETURNING id") }},
	{Name: "raw update of a realm's code", Run: world.Executed("UPDATE realms SET code = 'z' WHERE id = 1")},
	{Name: "raw upsert of a realm's code", Run: world.Executed("INSERT INTO realms (id, code) VALUES (1, 'z') ON CONFLICT (id) DO UPDATE SET code = excluded.code")},
	{Name: "upsert of a realm's code", Run: func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, UpdateAll: true}).Create(&world.Realm{ID: 1, Code: "z"}).Error
	}},
}
