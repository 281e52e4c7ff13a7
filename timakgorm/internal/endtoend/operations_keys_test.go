package endtoend_test

import (
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/world"
)

var keys = theme{name: "keys of all kinds", operations: []world.Operation{
	{Name: "create with two keys", Run: func(db *gorm.DB) error {
		return db.Create(&[]world.Seat{{RoomID: 3, Number: 1, Holder: "ann", CreatedAt: world.At(9)}, {RoomID: 3, Holder: "ann", CreatedAt: world.At(8)}}).Error
	}},
	{Name: "update by two keys", Run: func(db *gorm.DB) error {
		return db.Model(&world.Seat{RoomID: 1, Number: 10}).Update("holder", "bob").Error
	}},
	{Name: "update by one of two keys", Run: func(db *gorm.DB) error { return db.Model(&world.Seat{Number: 10}).Update("holder", "bob").Error }},
	{Name: "update one of two keys", Run: func(db *gorm.DB) error {
		return db.Model(&world.Seat{}).Where("room_id = 2").Update("room_id", 5).Error
	}},
	{Name: "update one of two keys of a row", Run: func(db *gorm.DB) error {
		return db.Model(&world.Seat{}).Where("room_id = 1 AND number = 10").Updates(map[string]any{"Number": 12, "holder": "eve"}).Error
	}},
	{Name: "save with two keys", Run: func(db *gorm.DB) error {
		return db.Save(&world.Seat{RoomID: 2, Number: 11, Holder: "ann", CreatedAt: world.At(9)}).Error
	}},
	{Name: "save two keys that are missing", Run: func(db *gorm.DB) error {
		return db.Save(&world.Seat{RoomID: 4, Number: 4, Holder: "ann", CreatedAt: world.At(9)}).Error
	}},
	{Name: "save two keys, one zero", Run: func(db *gorm.DB) error {
		return db.Save(&world.Seat{Number: 99, Holder: "ann", CreatedAt: world.At(9)}).Error
	}},
	{Name: "save a slice with two keys", Run: func(db *gorm.DB) error {
		return db.Save(&[]world.Seat{{RoomID: 2, Number: 11, Holder: "ann", CreatedAt: world.At(9)}, {RoomID: 9, Number: 9, Holder: "ann", CreatedAt: world.At(9)}}).Error
	}},
	{Name: "update a slice with two keys", Run: func(db *gorm.DB) error {
		return db.Model(&[]world.Seat{{RoomID: 1, Number: 10}, {RoomID: 2, Number: 11}}).Update("holder", "carl").Error
	}},
	{Name: "delete by two keys", Run: func(db *gorm.DB) error { return db.Delete(&world.Seat{RoomID: 1, Number: 10}).Error }},
	{Name: "delete by two keys, one zero", Run: func(db *gorm.DB) error { return db.Delete(&world.Seat{Number: 10}).Error }},
	{Name: "delete a slice with two keys", Run: func(db *gorm.DB) error {
		return db.Delete(&[]world.Seat{{RoomID: 1, Number: 10}, {RoomID: 2, Number: 11}}).Error
	}},
	{Name: "create with a UUID of a hook", Run: func(db *gorm.DB) error {
		return db.Create(&[]Parcel{{Owner: "ann", CreatedAt: world.At(8)}, {ID: parcelID(7), Owner: "ann", CreatedAt: world.At(9)}}).Error
	}},
	{Name: "create with a UUID, hooks skipped", Run: func(db *gorm.DB) error {
		return db.Session(&gorm.Session{SkipHooks: true}).Create(&Parcel{Owner: "ann", CreatedAt: world.At(8)}).Error
	}},
	{Name: "save a UUID that is missing", Run: func(db *gorm.DB) error {
		return db.Save(&Parcel{ID: uuid.New(), Owner: "ann", CreatedAt: world.At(8)}).Error
	}},
	{Name: "update by a UUID", Run: func(db *gorm.DB) error { return db.Model(&Parcel{ID: parcelID(1)}).Update("owner", "eve").Error }},
	{Name: "update a UUID", Run: func(db *gorm.DB) error {
		return db.Model(&Parcel{}).Where("id = ?", parcelID(1)).Update("id", parcelID(9)).Error
	}},
	{Name: "delete by a UUID", Run: func(db *gorm.DB) error { return db.Where("id = ?", parcelID(1)).Delete(&Parcel{}).Error }},
	{Name: "delete by the text of a UUID", Run: func(db *gorm.DB) error { return db.Delete(&Parcel{}, "id = ?", parcelID(1).String()).Error }},
	{Name: "create with a UUID of the database", Run: func(db *gorm.DB) error {
		return db.Create(&[]Voucher{{Owner: "ann", CreatedAt: world.At(8)}, {Owner: "bob", CreatedAt: world.At(9)}}).Error
	}},
	{Name: "save without a UUID of the database", Run: func(db *gorm.DB) error { return db.Save(&Voucher{Owner: "ann", CreatedAt: world.At(8)}).Error }},
	{Name: "update by a UUID of the database", Run: func(db *gorm.DB) error {
		return db.Model(&Voucher{ID: parcelID(1).String()}).Update("owner", "eve").Error
	}},
	{Name: "create with a text key", Run: func(db *gorm.DB) error {
		return db.Create(&[]world.Leaflet{{Slug: "c:d", Section: "news", CreatedAt: world.At(8)}, {Slug: "11", Section: "news", CreatedAt: world.At(9)}}).Error
	}},
	{Name: "update by a text key", Run: func(db *gorm.DB) error { return db.Model(&world.Leaflet{Slug: "a,b"}).Update("section", "old").Error }},
	{Name: "update by a text key of digits", Run: func(db *gorm.DB) error { return db.Model(&world.Leaflet{Slug: "10"}).Update("section", "old").Error }},
	{Name: "update a text key", Run: func(db *gorm.DB) error {
		return db.Model(&world.Leaflet{}).Where("slug = ?", "a,b").Update("slug", "b,a").Error
	}},
	{Name: "save a text key", Run: func(db *gorm.DB) error {
		return db.Save(&world.Leaflet{Slug: "plain", Section: "old", CreatedAt: world.At(9)}).Error
	}},
	{Name: "save a text key that is missing", Run: func(db *gorm.DB) error {
		return db.Save(&world.Leaflet{Slug: "fresh", Section: "old", CreatedAt: world.At(9)}).Error
	}},
	{Name: "delete by a text key", Run: func(db *gorm.DB) error { return db.Delete(&world.Leaflet{Slug: "a,b"}).Error }},
	{Name: "delete by text keys", Run: func(db *gorm.DB) error { return db.Delete(&[]world.Leaflet{{Slug: "a,b"}, {Slug: "10"}}).Error }},
}}

// SQLite has no DEFAULT among values.
var sqliteKeys = theme{name: "keys of all kinds", only: "sqlite", operations: []world.Operation{
	{Name: "update the number of a row", Run: func(db *gorm.DB) error { return db.Model(&world.Post{ID: 10}).Update("rowid", 90).Error }},
	{Name: "update the numbers of rows", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{}).Where("author_id = 1").Update("_rowid_", gorm.Expr("oid + 100")).Error
	}},
}}

var postgresKeys = theme{name: "keys of all kinds", only: "postgres", operations: []world.Operation{
	{Name: "create with a UUID of the database, one given", Run: func(db *gorm.DB) error {
		return db.Create(&[]Voucher{{Owner: "ann", CreatedAt: world.At(8)}, {ID: parcelID(9).String(), Owner: "bob", CreatedAt: world.At(9)}}).Error
	}},
}}

var fields = theme{name: "fields of all kinds", operations: []world.Operation{
	{Name: "create with embedded structs", Run: func(db *gorm.DB) error {
		return db.Create(&world.Gadget{Owned: &world.Owned{OwnerID: 1}, Stamp: world.Stamped{Live: true, SentAt: world.At(8)}}).Error
	}},
	{Name: "create with an embedded pointer that is nil", Run: func(db *gorm.DB) error {
		return db.Create(&world.Gadget{Stamp: world.Stamped{Live: true, SentAt: world.At(8)}}).Error
	}},
	{Name: "update an embedded field", Run: func(db *gorm.DB) error {
		return db.Model(&world.Gadget{Model: gorm.Model{ID: 10}}).Updates(map[string]any{"owner_id": 2, "stamp_live": false}).Error
	}},
	{Name: "update an embedded struct", Run: func(db *gorm.DB) error {
		return db.Model(&world.Gadget{Model: gorm.Model{ID: 11}}).Updates(world.Gadget{Stamp: world.Stamped{Live: true, SentAt: world.At(9)}}).Error
	}},
	{Name: "save an embedded struct", Run: func(db *gorm.DB) error {
		var gadget world.Gadget
		return world.FirstError(db.First(&gadget, 10).Error, func() error {
			gadget.OwnerID, gadget.Stamp.SentAt = 2, world.At(9)
			return db.Save(&gadget).Error
		})
	}},
	{Name: "delete by an embedded key", Run: func(db *gorm.DB) error { return db.Delete(&world.Gadget{Model: gorm.Model{ID: 10}}).Error }},
	{Name: "create with serializers", Run: func(db *gorm.DB) error {
		return db.Create(&[]Survey{{Owner: "ann", Tags: []string{"x", "é<&>"}, OpenedAt: world.At(8).Unix()}, {Owner: "ann", Tags: []string{}, OpenedAt: world.At(9).Unix()}}).Error
	}},
	{Name: "update with a serializer", Run: func(db *gorm.DB) error {
		return db.Model(&Survey{ID: 10}).Select("Tags").Updates(Survey{Tags: []string{"y"}, Owner: "not written"}).Error
	}},
	{Name: "updates with a serializer", Run: func(db *gorm.DB) error {
		return db.Model(&Survey{ID: 10}).Updates(Survey{Tags: []string{"z"}, OpenedAt: world.At(9).Unix()}).Error
	}},
	{Name: "save with a serializer", Run: func(db *gorm.DB) error {
		return db.Save(&Survey{ID: 11, Owner: "ann", Tags: []string{"z"}, OpenedAt: world.At(9).Unix()}).Error
	}},
	{Name: "create a polymorphic row", Run: func(db *gorm.DB) error {
		return db.Create(&Toy{Name: "n", OwnerID: new(uint(2)), OwnerType: new("cats"), CreatedAt: world.At(9)}).Error
	}},
	{Name: "update the type of a polymorphic row", Run: func(db *gorm.DB) error {
		return db.Model(&Toy{ID: 10}).Update("owner_type", "dogs").Error
	}},
	{Name: "update a date to one before 1970", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{ID: 10}).Update("created_at", time.Date(1931, 5, 4, 3, 2, 1, 0, time.UTC)).Error
	}},
	{Name: "update a title to odd characters", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{ID: 10}).Update("title", "quote \" slash \\ é 🙂 tab\t").Error
	}},
}}
