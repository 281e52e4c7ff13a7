package timakgorm_test

import (
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

var keys = theme{name: "keys of all kinds", operations: []operation{
	{"create with two keys", func(db *gorm.DB) error {
		return db.Create(&[]Seat{{RoomID: 3, Number: 1, Holder: "ann", CreatedAt: at(9)}, {RoomID: 3, Holder: "ann", CreatedAt: at(8)}}).Error
	}},
	{"update by two keys", func(db *gorm.DB) error { return db.Model(&Seat{RoomID: 1, Number: 10}).Update("holder", "bob").Error }},
	{"update by one of two keys", func(db *gorm.DB) error { return db.Model(&Seat{Number: 10}).Update("holder", "bob").Error }},
	{"update one of two keys", func(db *gorm.DB) error { return db.Model(&Seat{}).Where("room_id = 2").Update("room_id", 5).Error }},
	{"update one of two keys of a row", func(db *gorm.DB) error {
		return db.Model(&Seat{}).Where("room_id = 1 AND number = 10").Updates(map[string]any{"Number": 12, "holder": "eve"}).Error
	}},
	{"save with two keys", func(db *gorm.DB) error {
		return db.Save(&Seat{RoomID: 2, Number: 11, Holder: "ann", CreatedAt: at(9)}).Error
	}},
	{"save two keys that are missing", func(db *gorm.DB) error {
		return db.Save(&Seat{RoomID: 4, Number: 4, Holder: "ann", CreatedAt: at(9)}).Error
	}},
	{"save two keys, one zero", func(db *gorm.DB) error {
		return db.Save(&Seat{Number: 99, Holder: "ann", CreatedAt: at(9)}).Error
	}},
	{"save a slice with two keys", func(db *gorm.DB) error {
		return db.Save(&[]Seat{{RoomID: 2, Number: 11, Holder: "ann", CreatedAt: at(9)}, {RoomID: 9, Number: 9, Holder: "ann", CreatedAt: at(9)}}).Error
	}},
	{"update a slice with two keys", func(db *gorm.DB) error {
		return db.Model(&[]Seat{{RoomID: 1, Number: 10}, {RoomID: 2, Number: 11}}).Update("holder", "carl").Error
	}},
	{"delete by two keys", func(db *gorm.DB) error { return db.Delete(&Seat{RoomID: 1, Number: 10}).Error }},
	{"delete by two keys, one zero", func(db *gorm.DB) error { return db.Delete(&Seat{Number: 10}).Error }},
	{"delete a slice with two keys", func(db *gorm.DB) error {
		return db.Delete(&[]Seat{{RoomID: 1, Number: 10}, {RoomID: 2, Number: 11}}).Error
	}},
	{"create with a UUID of a hook", func(db *gorm.DB) error {
		return db.Create(&[]Parcel{{Owner: "ann", CreatedAt: at(8)}, {ID: parcelID(7), Owner: "ann", CreatedAt: at(9)}}).Error
	}},
	{"create with a UUID, hooks skipped", func(db *gorm.DB) error {
		return db.Session(&gorm.Session{SkipHooks: true}).Create(&Parcel{Owner: "ann", CreatedAt: at(8)}).Error
	}},
	{"save a UUID that is missing", func(db *gorm.DB) error {
		return db.Save(&Parcel{ID: uuid.New(), Owner: "ann", CreatedAt: at(8)}).Error
	}},
	{"update by a UUID", func(db *gorm.DB) error { return db.Model(&Parcel{ID: parcelID(1)}).Update("owner", "eve").Error }},
	{"update a UUID", func(db *gorm.DB) error {
		return db.Model(&Parcel{}).Where("id = ?", parcelID(1)).Update("id", parcelID(9)).Error
	}},
	{"delete by a UUID", func(db *gorm.DB) error { return db.Where("id = ?", parcelID(1)).Delete(&Parcel{}).Error }},
	{"delete by the text of a UUID", func(db *gorm.DB) error { return db.Delete(&Parcel{}, "id = ?", parcelID(1).String()).Error }},
	{"create with a UUID of the database", func(db *gorm.DB) error {
		return db.Create(&[]Voucher{{Owner: "ann", CreatedAt: at(8)}, {Owner: "bob", CreatedAt: at(9)}}).Error
	}},
	{"save without a UUID of the database", func(db *gorm.DB) error { return db.Save(&Voucher{Owner: "ann", CreatedAt: at(8)}).Error }},
	{"update by a UUID of the database", func(db *gorm.DB) error {
		return db.Model(&Voucher{ID: parcelID(1).String()}).Update("owner", "eve").Error
	}},
	{"create with a text key", func(db *gorm.DB) error {
		return db.Create(&[]Leaflet{{Slug: "c:d", Section: "news", CreatedAt: at(8)}, {Slug: "11", Section: "news", CreatedAt: at(9)}}).Error
	}},
	{"update by a text key", func(db *gorm.DB) error { return db.Model(&Leaflet{Slug: "a,b"}).Update("section", "old").Error }},
	{"update by a text key of digits", func(db *gorm.DB) error { return db.Model(&Leaflet{Slug: "10"}).Update("section", "old").Error }},
	{"update a text key", func(db *gorm.DB) error {
		return db.Model(&Leaflet{}).Where("slug = ?", "a,b").Update("slug", "b,a").Error
	}},
	{"save a text key", func(db *gorm.DB) error {
		return db.Save(&Leaflet{Slug: "plain", Section: "old", CreatedAt: at(9)}).Error
	}},
	{"save a text key that is missing", func(db *gorm.DB) error {
		return db.Save(&Leaflet{Slug: "fresh", Section: "old", CreatedAt: at(9)}).Error
	}},
	{"delete by a text key", func(db *gorm.DB) error { return db.Delete(&Leaflet{Slug: "a,b"}).Error }},
	{"delete by text keys", func(db *gorm.DB) error { return db.Delete(&[]Leaflet{{Slug: "a,b"}, {Slug: "10"}}).Error }},
}}

// SQLite has no DEFAULT among values.
var sqliteKeys = theme{name: "keys of all kinds", only: "sqlite", operations: []operation{
	{"update the number of a row", func(db *gorm.DB) error { return db.Model(&Post{ID: 10}).Update("rowid", 90).Error }},
	{"update the numbers of rows", func(db *gorm.DB) error {
		return db.Model(&Post{}).Where("author_id = 1").Update("_rowid_", gorm.Expr("oid + 100")).Error
	}},
}}

var postgresKeys = theme{name: "keys of all kinds", only: "postgres", operations: []operation{
	{"create with a UUID of the database, one given", func(db *gorm.DB) error {
		return db.Create(&[]Voucher{{Owner: "ann", CreatedAt: at(8)}, {ID: parcelID(9).String(), Owner: "bob", CreatedAt: at(9)}}).Error
	}},
}}

var fields = theme{name: "fields of all kinds", operations: []operation{
	{"create with embedded structs", func(db *gorm.DB) error {
		return db.Create(&Gadget{Owned: &Owned{OwnerID: 1}, Stamp: Stamped{Live: true, SentAt: at(8)}}).Error
	}},
	{"create with an embedded pointer that is nil", func(db *gorm.DB) error {
		return db.Create(&Gadget{Stamp: Stamped{Live: true, SentAt: at(8)}}).Error
	}},
	{"update an embedded field", func(db *gorm.DB) error {
		return db.Model(&Gadget{Model: gorm.Model{ID: 10}}).Updates(map[string]any{"owner_id": 2, "stamp_live": false}).Error
	}},
	{"update an embedded struct", func(db *gorm.DB) error {
		return db.Model(&Gadget{Model: gorm.Model{ID: 11}}).Updates(Gadget{Stamp: Stamped{Live: true, SentAt: at(9)}}).Error
	}},
	{"save an embedded struct", func(db *gorm.DB) error {
		var gadget Gadget
		return firstError(db.First(&gadget, 10).Error, func() error {
			gadget.OwnerID, gadget.Stamp.SentAt = 2, at(9)
			return db.Save(&gadget).Error
		})
	}},
	{"delete by an embedded key", func(db *gorm.DB) error { return db.Delete(&Gadget{Model: gorm.Model{ID: 10}}).Error }},
	{"create with serializers", func(db *gorm.DB) error {
		return db.Create(&[]Survey{{Owner: "ann", Tags: []string{"x", "é<&>"}, OpenedAt: at(8).Unix()}, {Owner: "ann", Tags: []string{}, OpenedAt: at(9).Unix()}}).Error
	}},
	{"update with a serializer", func(db *gorm.DB) error {
		return db.Model(&Survey{ID: 10}).Select("Tags").Updates(Survey{Tags: []string{"y"}, Owner: "not written"}).Error
	}},
	{"updates with a serializer", func(db *gorm.DB) error {
		return db.Model(&Survey{ID: 10}).Updates(Survey{Tags: []string{"z"}, OpenedAt: at(9).Unix()}).Error
	}},
	{"save with a serializer", func(db *gorm.DB) error {
		return db.Save(&Survey{ID: 11, Owner: "ann", Tags: []string{"z"}, OpenedAt: at(9).Unix()}).Error
	}},
	{"create a polymorphic row", func(db *gorm.DB) error {
		return db.Create(&Toy{Name: "n", OwnerID: new(uint(2)), OwnerType: new("cats"), CreatedAt: at(9)}).Error
	}},
	{"update the type of a polymorphic row", func(db *gorm.DB) error {
		return db.Model(&Toy{ID: 10}).Update("owner_type", "dogs").Error
	}},
	{"update a date to one before 1970", func(db *gorm.DB) error {
		return db.Model(&Post{ID: 10}).Update("created_at", time.Date(1931, 5, 4, 3, 2, 1, 0, time.UTC)).Error
	}},
	{"update a title to odd characters", func(db *gorm.DB) error {
		return db.Model(&Post{ID: 10}).Update("title", "quote \" slash \\ é 🙂 tab\t").Error
	}},
}}
