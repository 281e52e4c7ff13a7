package endtoend_test

import (
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm/internal/world"
)

var creates = theme{name: "create", always: true, operations: []world.Operation{
	{Name: "create one", Run: func(db *gorm.DB) error {
		return db.Create(&world.Post{AuthorID: 1, Title: "new", Published: true}).Error
	}},
	{Name: "create a draft", Run: func(db *gorm.DB) error { return db.Create(&world.Post{AuthorID: 1, Title: "draft"}).Error }},
	{Name: "create a slice", Run: func(db *gorm.DB) error {
		return db.Create(&[]world.Post{{AuthorID: 1, Published: true}, {AuthorID: 2, Published: true}, {AuthorID: 1}}).Error
	}},
	{Name: "create a slice of pointers", Run: func(db *gorm.DB) error {
		return db.Create([]*world.Post{{AuthorID: 1, Published: true}, {AuthorID: 2, Published: true}}).Error
	}},
	{Name: "create in batches", Run: func(db *gorm.DB) error {
		posts := make([]world.Post, 7)
		for i := range posts {
			posts[i] = world.Post{AuthorID: 2, Title: fmt.Sprint("batch ", i), Published: true}
		}
		return db.CreateInBatches(&posts, 3).Error
	}},
	{Name: "create with omitted columns", Run: func(db *gorm.DB) error {
		return db.Omit("Published").Create(&world.Post{AuthorID: 1, Published: true}).Error
	}},
	{Name: "create with selected columns", Run: func(db *gorm.DB) error {
		return db.Select("AuthorID", "Title", "Published", "CreatedAt").Create(&world.Post{AuthorID: 1, Title: "s", Published: true}).Error
	}},
	{Name: "create with nested posts", Run: func(db *gorm.DB) error {
		return db.Create(&world.Author{Name: "carl", Posts: []world.Post{{Title: "n1", Published: true}, {Title: "n2", Published: true}}}).Error
	}},
	{Name: "create an author who takes a post over", Run: func(db *gorm.DB) error {
		return db.Create(&world.Author{Name: "dora", Posts: []world.Post{{ID: 10, Title: "not written"}}}).Error
	}},
	{Name: "create an array", Run: func(db *gorm.DB) error {
		return db.Create(&[2]world.Post{{AuthorID: 1, Published: true}, {AuthorID: 2, Published: true}}).Error
	}},
	{Name: "create by a pointer to a pointer", Run: func(db *gorm.DB) error {
		post := &world.Post{AuthorID: 1, Published: true}
		return db.Create(&post).Error
	}},
	{Name: "create no rows", Run: func(db *gorm.DB) error {
		if err := db.Create(&[]world.Post{}).Error; !errors.Is(err, gorm.ErrEmptySlice) {
			return fmt.Errorf("got %w", err)
		}
		return nil
	}},
	{Name: "create in batches of the session", Run: func(db *gorm.DB) error {
		return db.Session(&gorm.Session{CreateBatchSize: 2}).Create(&[]world.Post{{AuthorID: 1, Published: true}, {AuthorID: 2, Published: true}, {AuthorID: 3, Published: true}}).Error
	}},
	{Name: "create with a table's name", Run: func(db *gorm.DB) error {
		return db.Table("posts").Create(&world.Post{AuthorID: 1, Published: true}).Error
	}},
	{Name: "create deleted", Run: func(db *gorm.DB) error {
		return db.Create(&world.Post{AuthorID: 1, Published: true, DeletedAt: gorm.DeletedAt{Time: world.At(3), Valid: true}}).Error
	}},
	{Name: "create with a date of another zone", Run: func(db *gorm.DB) error {
		zone := time.FixedZone("Kathmandu", 5*3600+45*60)
		return db.Create(&world.Post{AuthorID: 1, Published: true, CreatedAt: world.At(3).In(zone).Add(1234567 * time.Nanosecond)}).Error
	}},
	{Name: "create returning", Run: func(db *gorm.DB) error {
		return db.Clauses(clause.Returning{}).Create(&[]world.Post{{AuthorID: 1, Published: true}, {AuthorID: 2, Published: true}}).Error
	}},
	{Name: "create with an expression", Run: func(db *gorm.DB) error {
		return db.Model(&world.Listing{}).Create(map[string]any{"Shop": gorm.Expr("1 + 1"), "Title": "x", "CreatedAt": world.At(3)}).Error
	}},
	{Name: "create with defaults of the database", Run: func(db *gorm.DB) error {
		return db.Create(&world.Listing{Shop: new(uint(1)), CreatedAt: world.At(3)}).Error
	}},
	{Name: "create a slice with some defaults", Run: func(db *gorm.DB) error {
		return db.Create(&[]world.Listing{{Shop: new(uint(1)), Title: "given"}, {Shop: new(uint(2))}, {Title: "nowhere"}}).Error
	}},
	{Name: "create with a false that is the default's contrary", Run: func(db *gorm.DB) error {
		return db.Select("Shop", "Active", "CreatedAt").Create(&world.Listing{Shop: new(uint(1))}).Error
	}},
	{Name: "create if missing, missing", Run: func(db *gorm.DB) error {
		return db.Where(world.Post{Title: "new"}).Attrs(world.Post{AuthorID: 1, Published: true}).FirstOrCreate(&world.Post{}).Error
	}},
	{Name: "create if missing, found", Run: func(db *gorm.DB) error {
		return db.Where(world.Post{Title: "t0"}).Attrs(world.Post{AuthorID: 2}).FirstOrCreate(&world.Post{}).Error
	}},
	{Name: "create if missing, found and assigned", Run: func(db *gorm.DB) error {
		return db.Where(world.Post{Title: "t0"}).Assign(world.Post{AuthorID: 2}).FirstOrCreate(&world.Post{}).Error
	}},
	{Name: "create if missing, deleted", Run: func(db *gorm.DB) error {
		return db.Where(world.Post{Title: "t4"}).Attrs(world.Post{AuthorID: 2, Published: true}).FirstOrCreate(&world.Post{}).Error
	}},
	{Name: "initialise if missing, and save", Run: func(db *gorm.DB) error {
		var post world.Post
		return world.FirstError(db.Where(world.Post{Title: "t0"}).Assign(world.Post{AuthorID: 2}).FirstOrInit(&post).Error, func() error { return db.Save(&post).Error })
	}},
	{Name: "create with a hook that creates", Run: func(db *gorm.DB) error {
		return db.Create(&Memo{Owner: "ann", Title: "nest", CreatedAt: world.At(3)}).Error
	}},
	{Name: "create without hooks", Run: func(db *gorm.DB) error {
		return db.Session(&gorm.Session{SkipHooks: true}).Create(&Memo{Owner: "ann", Title: "nest", CreatedAt: world.At(3)}).Error
	}},
	{Name: "create what a trigger changes", Run: func(db *gorm.DB) error {
		return db.Create(&[]Sign{{Place: "HALL", CreatedAt: world.At(2)}, {Place: "Yard", CreatedAt: world.At(3)}}).Error
	}},
	{Name: "create with a computed column", Run: func(db *gorm.DB) error {
		return db.Create(&[]Price{{Cents: 5, CreatedAt: world.At(2)}, {Cents: 5000, CreatedAt: world.At(3)}}).Error
	}},
}}

var mapCreates = theme{name: "create from a map", operations: []world.Operation{
	{Name: "create from a map", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{}).Create(map[string]any{"author_id": 1, "published": true, "created_at": world.At(3), "title": "m"}).Error
	}},
	{Name: "create from a pointer to a map", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{}).Create(&map[string]any{"author_id": 1, "published": true, "created_at": world.At(3), "title": "m"}).Error
	}},
	{Name: "create from a map by Go names", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{}).Create(map[string]any{"AuthorID": 1, "Published": true, "CreatedAt": world.At(3), "Title": "m"}).Error
	}},
	{Name: "create from a map with a key", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{}).Create(map[string]any{"id": 60, "author_id": 1, "published": true, "created_at": world.At(3), "title": "m"}).Error
	}},
	{Name: "create from a pointer to maps", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{}).Create(&[]map[string]any{
			{"author_id": 1, "published": true, "created_at": world.At(3), "title": "m"},
			{"author_id": 2, "published": true, "created_at": world.At(4), "title": "n"},
		}).Error
	}},
	{Name: "create from maps with keys", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{}).Create(&[]map[string]any{
			{"ID": 60, "author_id": 1, "published": true, "created_at": world.At(3), "title": "m"},
			{"ID": 61, "author_id": 2, "published": true, "created_at": world.At(4), "title": "n"},
		}).Error
	}},
	{Name: "create from a map of two keys", Run: func(db *gorm.DB) error {
		return db.Model(&world.Seat{}).Create(map[string]any{"room_id": 3, "number": 10, "holder": "ann", "created_at": world.At(3)}).Error
	}},
	{Name: "create from a map by a table's name", Run: func(db *gorm.DB) error {
		return db.Table("posts").Create(map[string]any{"author_id": 1, "published": true, "created_at": world.At(3), "title": "m"}).Error
	}},
	{Name: "create from a map with a key by a table's name", Run: func(db *gorm.DB) error {
		return db.Table("posts").Create(map[string]any{"id": 60, "author_id": 1, "published": true, "created_at": world.At(3), "title": "m"}).Error
	}},
	{Name: "create from maps by a table's name", Run: func(db *gorm.DB) error {
		return db.Table("posts").Create([]map[string]any{
			{"author_id": 1, "published": true, "created_at": world.At(3), "title": "m"},
			{"author_id": 2, "published": true, "created_at": world.At(4), "title": "n"},
		}).Error
	}},
	{Name: "create from a map of a UUID model", Run: func(db *gorm.DB) error {
		return db.Model(&Voucher{}).Create(map[string]any{"owner": "ann", "created_at": world.At(3)}).Error
	}},
	{Name: "upsert from a map", Run: func(db *gorm.DB) error {
		return db.Model(&world.Seat{}).Clauses(clause.OnConflict{UpdateAll: true}).
			Create(map[string]any{"room_id": 1, "number": 10, "holder": "bob", "created_at": world.At(3)}).Error
	}},
	{Name: "upsert that does nothing from a map", Run: func(db *gorm.DB) error {
		return db.Model(&world.Post{}).Clauses(clause.OnConflict{DoNothing: true}).
			Create(map[string]any{"id": 10, "author_id": 2, "published": true, "created_at": world.At(3), "title": "m"}).Error
	}},
}}

var createFailures = theme{name: "create", breaks: true, operations: []world.Operation{
	{Name: "create that fails", Run: func(db *gorm.DB) error {
		err := db.Create(&[]world.Post{{AuthorID: 1, Published: true}, {ID: 10, AuthorID: 1, Published: true}}).Error
		if err == nil {
			return errors.New("a duplicate key was accepted")
		}
		return nil
	}},
}}
