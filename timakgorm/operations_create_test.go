package timakgorm_test

import (
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

var creates = theme{name: "create", always: true, operations: []operation{
	{"create one", func(db *gorm.DB) error {
		return db.Create(&Post{AuthorID: 1, Title: "new", Published: true}).Error
	}},
	{"create a draft", func(db *gorm.DB) error { return db.Create(&Post{AuthorID: 1, Title: "draft"}).Error }},
	{"create a slice", func(db *gorm.DB) error {
		return db.Create(&[]Post{{AuthorID: 1, Published: true}, {AuthorID: 2, Published: true}, {AuthorID: 1}}).Error
	}},
	{"create a slice of pointers", func(db *gorm.DB) error {
		return db.Create([]*Post{{AuthorID: 1, Published: true}, {AuthorID: 2, Published: true}}).Error
	}},
	{"create in batches", func(db *gorm.DB) error {
		posts := make([]Post, 7)
		for i := range posts {
			posts[i] = Post{AuthorID: 2, Title: fmt.Sprint("batch ", i), Published: true}
		}
		return db.CreateInBatches(&posts, 3).Error
	}},
	{"create with omitted columns", func(db *gorm.DB) error {
		return db.Omit("Published").Create(&Post{AuthorID: 1, Published: true}).Error
	}},
	{"create with selected columns", func(db *gorm.DB) error {
		return db.Select("AuthorID", "Title", "Published", "CreatedAt").Create(&Post{AuthorID: 1, Title: "s", Published: true}).Error
	}},
	{"create with nested posts", func(db *gorm.DB) error {
		return db.Create(&Author{Name: "carl", Posts: []Post{{Title: "n1", Published: true}, {Title: "n2", Published: true}}}).Error
	}},
	{"create an author who takes a post over", func(db *gorm.DB) error {
		return db.Create(&Author{Name: "dora", Posts: []Post{{ID: 10, Title: "not written"}}}).Error
	}},
	{"create an array", func(db *gorm.DB) error {
		return db.Create(&[2]Post{{AuthorID: 1, Published: true}, {AuthorID: 2, Published: true}}).Error
	}},
	{"create by a pointer to a pointer", func(db *gorm.DB) error {
		post := &Post{AuthorID: 1, Published: true}
		return db.Create(&post).Error
	}},
	{"create no rows", func(db *gorm.DB) error {
		if err := db.Create(&[]Post{}).Error; !errors.Is(err, gorm.ErrEmptySlice) {
			return fmt.Errorf("got %w", err)
		}
		return nil
	}},
	{"create in batches of the session", func(db *gorm.DB) error {
		return db.Session(&gorm.Session{CreateBatchSize: 2}).Create(&[]Post{{AuthorID: 1, Published: true}, {AuthorID: 2, Published: true}, {AuthorID: 3, Published: true}}).Error
	}},
	{"create with a table's name", func(db *gorm.DB) error {
		return db.Table("posts").Create(&Post{AuthorID: 1, Published: true}).Error
	}},
	{"create deleted", func(db *gorm.DB) error {
		return db.Create(&Post{AuthorID: 1, Published: true, DeletedAt: gorm.DeletedAt{Time: at(3), Valid: true}}).Error
	}},
	{"create with a date of another zone", func(db *gorm.DB) error {
		zone := time.FixedZone("Kathmandu", 5*3600+45*60)
		return db.Create(&Post{AuthorID: 1, Published: true, CreatedAt: at(3).In(zone).Add(1234567 * time.Nanosecond)}).Error
	}},
	{"create returning", func(db *gorm.DB) error {
		return db.Clauses(clause.Returning{}).Create(&[]Post{{AuthorID: 1, Published: true}, {AuthorID: 2, Published: true}}).Error
	}},
	{"create with an expression", func(db *gorm.DB) error {
		return db.Model(&Listing{}).Create(map[string]any{"Shop": gorm.Expr("1 + 1"), "Title": "x", "CreatedAt": at(3)}).Error
	}},
	{"create with defaults of the database", func(db *gorm.DB) error {
		return db.Create(&Listing{Shop: new(uint(1)), CreatedAt: at(3)}).Error
	}},
	{"create a slice with some defaults", func(db *gorm.DB) error {
		return db.Create(&[]Listing{{Shop: new(uint(1)), Title: "given"}, {Shop: new(uint(2))}, {Title: "nowhere"}}).Error
	}},
	{"create with a false that is the default's contrary", func(db *gorm.DB) error {
		return db.Select("Shop", "Active", "CreatedAt").Create(&Listing{Shop: new(uint(1))}).Error
	}},
	{"create if missing, missing", func(db *gorm.DB) error {
		return db.Where(Post{Title: "new"}).Attrs(Post{AuthorID: 1, Published: true}).FirstOrCreate(&Post{}).Error
	}},
	{"create if missing, found", func(db *gorm.DB) error {
		return db.Where(Post{Title: "t0"}).Attrs(Post{AuthorID: 2}).FirstOrCreate(&Post{}).Error
	}},
	{"create if missing, found and assigned", func(db *gorm.DB) error {
		return db.Where(Post{Title: "t0"}).Assign(Post{AuthorID: 2}).FirstOrCreate(&Post{}).Error
	}},
	{"create if missing, deleted", func(db *gorm.DB) error {
		return db.Where(Post{Title: "t4"}).Attrs(Post{AuthorID: 2, Published: true}).FirstOrCreate(&Post{}).Error
	}},
	{"initialise if missing, and save", func(db *gorm.DB) error {
		var post Post
		return firstError(db.Where(Post{Title: "t0"}).Assign(Post{AuthorID: 2}).FirstOrInit(&post).Error, func() error { return db.Save(&post).Error })
	}},
	{"create with a hook that creates", func(db *gorm.DB) error {
		return db.Create(&Memo{Owner: "ann", Title: "nest", CreatedAt: at(3)}).Error
	}},
	{"create without hooks", func(db *gorm.DB) error {
		return db.Session(&gorm.Session{SkipHooks: true}).Create(&Memo{Owner: "ann", Title: "nest", CreatedAt: at(3)}).Error
	}},
	{"create what a trigger changes", func(db *gorm.DB) error {
		return db.Create(&[]Sign{{Place: "HALL", CreatedAt: at(2)}, {Place: "Yard", CreatedAt: at(3)}}).Error
	}},
	{"create with a computed column", func(db *gorm.DB) error {
		return db.Create(&[]Price{{Cents: 5, CreatedAt: at(2)}, {Cents: 5000, CreatedAt: at(3)}}).Error
	}},
}}

var mapCreates = theme{name: "create from a map", operations: []operation{
	{"create from a map", func(db *gorm.DB) error {
		return db.Model(&Post{}).Create(map[string]any{"author_id": 1, "published": true, "created_at": at(3), "title": "m"}).Error
	}},
	{"create from a pointer to a map", func(db *gorm.DB) error {
		return db.Model(&Post{}).Create(&map[string]any{"author_id": 1, "published": true, "created_at": at(3), "title": "m"}).Error
	}},
	{"create from a map by Go names", func(db *gorm.DB) error {
		return db.Model(&Post{}).Create(map[string]any{"AuthorID": 1, "Published": true, "CreatedAt": at(3), "Title": "m"}).Error
	}},
	{"create from a map with a key", func(db *gorm.DB) error {
		return db.Model(&Post{}).Create(map[string]any{"id": 60, "author_id": 1, "published": true, "created_at": at(3), "title": "m"}).Error
	}},
	{"create from a pointer to maps", func(db *gorm.DB) error {
		return db.Model(&Post{}).Create(&[]map[string]any{
			{"author_id": 1, "published": true, "created_at": at(3), "title": "m"},
			{"author_id": 2, "published": true, "created_at": at(4), "title": "n"},
		}).Error
	}},
	{"create from maps with keys", func(db *gorm.DB) error {
		return db.Model(&Post{}).Create(&[]map[string]any{
			{"ID": 60, "author_id": 1, "published": true, "created_at": at(3), "title": "m"},
			{"ID": 61, "author_id": 2, "published": true, "created_at": at(4), "title": "n"},
		}).Error
	}},
	{"create from a map of two keys", func(db *gorm.DB) error {
		return db.Model(&Seat{}).Create(map[string]any{"room_id": 3, "number": 10, "holder": "ann", "created_at": at(3)}).Error
	}},
	{"create from a map by a table's name", func(db *gorm.DB) error {
		return db.Table("posts").Create(map[string]any{"author_id": 1, "published": true, "created_at": at(3), "title": "m"}).Error
	}},
	{"create from a map with a key by a table's name", func(db *gorm.DB) error {
		return db.Table("posts").Create(map[string]any{"id": 60, "author_id": 1, "published": true, "created_at": at(3), "title": "m"}).Error
	}},
	{"create from maps by a table's name", func(db *gorm.DB) error {
		return db.Table("posts").Create([]map[string]any{
			{"author_id": 1, "published": true, "created_at": at(3), "title": "m"},
			{"author_id": 2, "published": true, "created_at": at(4), "title": "n"},
		}).Error
	}},
	{"create from a map of a UUID model", func(db *gorm.DB) error {
		return db.Model(&Voucher{}).Create(map[string]any{"owner": "ann", "created_at": at(3)}).Error
	}},
	{"upsert from a map", func(db *gorm.DB) error {
		return db.Model(&Seat{}).Clauses(clause.OnConflict{UpdateAll: true}).
			Create(map[string]any{"room_id": 1, "number": 10, "holder": "bob", "created_at": at(3)}).Error
	}},
	{"upsert that does nothing from a map", func(db *gorm.DB) error {
		return db.Model(&Post{}).Clauses(clause.OnConflict{DoNothing: true}).
			Create(map[string]any{"id": 10, "author_id": 2, "published": true, "created_at": at(3), "title": "m"}).Error
	}},
}}

var createFailures = theme{name: "create", breaks: true, operations: []operation{
	{"create that fails", func(db *gorm.DB) error {
		err := db.Create(&[]Post{{AuthorID: 1, Published: true}, {ID: 10, AuthorID: 1, Published: true}}).Error
		if err == nil {
			return errors.New("a duplicate key was accepted")
		}
		return nil
	}},
}}
