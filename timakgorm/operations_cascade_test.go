package timakgorm_test

import (
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm"
)

// Foreign keys change rows of files, spots and pins.
var (
	cascades       = theme{name: "cascade", operations: followedCascades}
	sqliteCascades = theme{name: "cascade", only: "sqlite", operations: []operation{
		{"insert or replace of a realm", func(db *gorm.DB) error {
			return db.Clauses(clause.Insert{Modifier: "OR REPLACE"}).Create(&Realm{ID: 1, Code: "a"}).Error
		}},
		{"insert or replace of a realm by its code", func(db *gorm.DB) error {
			return db.Clauses(clause.Insert{Modifier: "OR REPLACE"}).Create(&Realm{ID: 9, Code: "a"}).Error
		}},
		{"insert or replace of a spot", func(db *gorm.DB) error {
			return db.Clauses(clause.Insert{Modifier: "OR REPLACE"}).Create(&Spot{ID: 10, CreatedAt: at(9)}).Error
		}},
		{"update or replace of a zone", func(db *gorm.DB) error {
			return db.Clauses(clause.Update{Modifier: "OR REPLACE"}).Model(&Zone{ID: 3}).Update("id", 1).Error
		}},
	}}
	rawCascades      = theme{name: "cascade", cascade: true, operations: toldCascades}
	postgresCascades = theme{name: "cascade", cascade: true, only: "postgres", operations: []operation{
		{"truncate of folders and what refers to them", executed("TRUNCATE folders CASCADE")},
		{"truncate of empires and what refers to them", executed("TRUNCATE empires CASCADE")},
		{"merge that deletes realms", executed("MERGE INTO realms USING empires ON empires.id = realms.empire_id WHEN MATCHED THEN DELETE")},
		{"block of code that deletes a realm", executed("DO $$ BEGIN DELETE FROM realms WHERE id = 1; END $$")},
	}}
	sqliteRawCascades = theme{name: "cascade", cascade: true, only: "sqlite", operations: []operation{
		{"raw replace of a realm", executed("REPLACE INTO realms (id, code) VALUES (1, 'a')")},
		{"raw update or replace of a zone", executed("UPDATE OR REPLACE zones SET id = 1 WHERE id = 3")},
	}}
	droppedColumns = theme{
		name: "cascade", cascade: true, only: "sqlite",
		restore: `DELETE FROM spots; DROP TABLE realms;
			CREATE TABLE realms (id bigint PRIMARY KEY, empire_id bigint REFERENCES empires ON DELETE CASCADE, code text UNIQUE, name text)`,
		operations: []operation{
			{"drop of a realm's column by the migrator", func(db *gorm.DB) error { return db.Migrator().DropColumn(&Realm{}, "Name") }},
		},
	}
	droppedTables = theme{
		name: "cascade", cascade: true, only: "sqlite",
		restore:    "CREATE TABLE zones (id bigint PRIMARY KEY, realm_id bigint REFERENCES realms ON DELETE CASCADE ON UPDATE CASCADE, name text)",
		operations: []operation{{"drop of the table of zones", executed("DROP TABLE zones")}},
	}
)

func executed(statement string) func(db *gorm.DB) error {
	return func(db *gorm.DB) error { return db.Exec(statement).Error }
}

var followedCascades = []operation{
	{"delete a folder, and its files with it", func(db *gorm.DB) error { return db.Delete(&Folder{ID: 1}).Error }},
	{"delete folders, and their files with them", func(db *gorm.DB) error { return db.Where("id > 0").Delete(&Folder{}).Error }},
	{"delete a drawer, and its files are in none", func(db *gorm.DB) error { return db.Delete(&Drawer{ID: 1}).Error }},
	{"update a folder's key, and its files follow", func(db *gorm.DB) error {
		return db.Model(&Folder{}).Where("id = 1").Update("id", 9).Error
	}},
	{"delete an empire, and its realms, zones and spots with it", func(db *gorm.DB) error { return db.Delete(&Empire{ID: 1}).Error }},
	{"delete a spot, and those under it", func(db *gorm.DB) error { return db.Delete(&Spot{ID: 10}).Error }},
	{"delete a realm, and spots have the default's code", func(db *gorm.DB) error { return db.Delete(&Realm{ID: 2}).Error }},
	{"update a realm's code, and its spots follow", func(db *gorm.DB) error { return db.Model(&Realm{ID: 1}).Update("code", "z").Error }},
	{"update a zone's key, and its spots are in none", func(db *gorm.DB) error { return db.Model(&Zone{ID: 1}).Update("id", 9).Error }},
	{"update a spot's key, and its pins follow", func(db *gorm.DB) error { return db.Model(&Spot{ID: 13}).Update("id", 93).Error }},
	{"save a realm with another code", func(db *gorm.DB) error { return db.Save(&Realm{ID: 1, Code: "z"}).Error }},
	{"delete a zone by an alias", func(db *gorm.DB) error { return db.Table("zones AS z").Where("z.id = 1").Delete(&Zone{}).Error }},
	{"delete zones and make them again", func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return firstError(tx.Delete(&Zone{ID: 1}).Error, func() error { return tx.Create(&Zone{ID: 1}).Error })
		})
	}},
	{"delete a realm whose spots were changed before", func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return firstError(tx.Model(&Spot{ID: 11}).Update("zone_id", 3).Error, func() error { return tx.Delete(&Realm{ID: 1}).Error })
		})
	}},
	{"raw delete of an empire, with the rows named", func(db *gorm.DB) error {
		return timakgorm.Follow(db, func(tx *gorm.DB) error { return tx.Exec("DELETE FROM empires").Error },
			timakgorm.Rows(&Spot{}, "1 = 1"), timakgorm.Rows(&Pin{}, "1 = 1"))
	}},
}

var toldCascades = []operation{
	{"raw delete of a folder", executed("DELETE FROM folders WHERE id = 1")},
	{"raw delete of an empire", executed("DELETE FROM empires WHERE id = 1")},
	{"raw delete of a realm, returning", func(db *gorm.DB) error { return scanned(db, "DELETE FROM realms WHERE id = 1 RETURNING id") }},
	{"raw update of a realm's code", executed("UPDATE realms SET code = 'z' WHERE id = 1")},
	{"raw upsert of a realm's code", executed("INSERT INTO realms (id, code) VALUES (1, 'z') ON CONFLICT (id) DO UPDATE SET code = excluded.code")},
	{"upsert of a realm's code", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, UpdateAll: true}).Create(&Realm{ID: 1, Code: "z"}).Error
	}},
}
