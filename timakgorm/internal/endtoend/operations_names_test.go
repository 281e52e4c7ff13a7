package endtoend_test

import (
	"errors"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// execEach runs SQL that names a tracked table and writes another.
func execEach(tx *gorm.DB, statements ...string) error {
	for _, statement := range statements {
		if err := timakgorm.Unwatched(tx).Exec(statement).Error; err != nil {
			return err
		}
	}
	return nil
}

// elsewhere runs a write in a session that finds other posts by their name, of
// which some have the keys of those that are tracked.
func elsewhere(write func(tx *gorm.DB) error) func(*gorm.DB) error {
	return func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			err := execEach(tx, "CREATE SCHEMA acme", "CREATE TABLE acme.posts (LIKE public.posts INCLUDING ALL)",
				"INSERT INTO acme.posts SELECT * FROM public.posts WHERE id < 12", "SET LOCAL search_path = acme, public")
			return world.FirstError(err, func() error {
				return world.FirstError(write(tx), func() error { return execEach(tx, "SET LOCAL search_path = public", "DROP SCHEMA acme CASCADE") })
			})
		})
	}
}

// beneath runs a write in a session in which a temporary table has the name posts.
func beneath(write func(tx *gorm.DB) error) func(*gorm.DB) error {
	return func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			home, create, drop := "public", "CREATE TEMP TABLE posts (LIKE public.posts INCLUDING ALL)", "DROP TABLE pg_temp.posts"
			if db.Name() == "sqlite" {
				home, create = "main", "CREATE TEMP TABLE posts (id integer PRIMARY KEY, author_id, title, body, published, created_at, updated_at, deleted_at)"
				drop = "DROP TABLE temp.posts"
			}
			err := execEach(tx, create, "INSERT INTO posts SELECT * FROM "+home+".posts WHERE id < 12")
			return world.FirstError(err, func() error {
				return world.FirstError(write(tx), func() error { return execEach(tx, drop) })
			})
		})
	}
}

// writesOfPosts write what the name posts means.
var writesOfPosts = []world.Operation{
	{Name: "create", Run: func(db *gorm.DB) error {
		return db.Create(&world.Post{ID: 12, AuthorID: 1, Title: "other", Published: true, CreatedAt: world.At(8)}).Error
	}},
	{Name: "update", Run: func(db *gorm.DB) error { return db.Model(&world.Post{}).Where("id > 0").Update("author_id", 2).Error }},
	{Name: "save", Run: func(db *gorm.DB) error {
		return db.Save(&world.Post{ID: 12, AuthorID: 1, Title: "other", Published: true, CreatedAt: world.At(8)}).Error
	}},
	{Name: "upsert", Run: func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&[]world.Post{{ID: 10, AuthorID: 2, CreatedAt: world.At(8)}, {ID: 12, AuthorID: 1, CreatedAt: world.At(8)}}).Error
	}},
	{Name: "delete", Run: func(db *gorm.DB) error { return db.Where("author_id = 1").Delete(&world.Post{}).Error }},
	{Name: "raw update", Run: func(db *gorm.DB) error { return db.Exec("UPDATE posts SET author_id = ?", 2).Error }},
	{Name: "raw delete, returning", Run: func(db *gorm.DB) error { return scanned(db, "DELETE FROM posts WHERE author_id = 1 RETURNING id") }},
	{Name: "raw update, followed", Run: func(db *gorm.DB) error {
		return timakgorm.Exec(db, timakgorm.Rows(&world.Post{}, "1 = 1"), "UPDATE posts SET author_id = 2")
	}},
}

// whereNamesMean are these writes, where the name means something else.
func whereNamesMean(where string, run func(func(*gorm.DB) error) func(*gorm.DB) error) (all []world.Operation) {
	for _, write := range writesOfPosts {
		all = append(all, world.Operation{Name: write.Name + " " + where, Run: run(write.Run)})
	}
	return all
}

// homeOf is the name of the tracked posts, with their schema.
func homeOf(db *gorm.DB) string {
	if db.Name() == "sqlite" {
		return "main.posts"
	}
	return "public.posts"
}

var (
	otherPaths   = theme{name: "names that mean another table", only: "postgres", operations: whereNamesMean("on another search_path", elsewhere)}
	beneathPosts = theme{name: "names that mean another table", operations: append(whereNamesMean("of a temporary table", beneath),
		world.Operation{Name: "update behind a temporary table", Run: beneath(func(tx *gorm.DB) error {
			return tx.Table(homeOf(tx)).Where("author_id = 1").Update("author_id", 2).Error
		})},
		world.Operation{Name: "delete behind a temporary table", Run: beneath(func(tx *gorm.DB) error {
			return tx.Table(homeOf(tx)).Where("id = 10").Delete(&world.Post{}).Error
		})})}
	namedPosts = theme{name: "names that mean another table", only: "postgres", operations: []world.Operation{
		{Name: "create on another search_path, with the schema", Run: elsewhere(func(tx *gorm.DB) error {
			return tx.Table("public.posts").Create(&world.Post{AuthorID: 1, Title: "named", Published: true, CreatedAt: world.At(8)}).Error
		})},
		{Name: "update on another search_path, with the schema", Run: elsewhere(func(tx *gorm.DB) error {
			return tx.Table("public.posts AS p").Where("p.id = 10").Update("author_id", 2).Error
		})},
	}}
)

// attached runs writes beside another file with posts and drafts.
func attached(write func(db *gorm.DB) error) func(*gorm.DB) error {
	return func(db *gorm.DB) error {
		return db.Connection(func(db *gorm.DB) error {
			db = db.Session(&gorm.Session{}) // GORM leaves the connection after a write
			const columns = "(id integer PRIMARY KEY, author_id, title, body, published, created_at, updated_at, deleted_at)"
			err := execEach(db, "ATTACH ':memory:' AS other", "CREATE TABLE other.posts "+columns, "CREATE TABLE other.drafts "+columns)
			return errors.Join(world.FirstError(err, func() error { return write(db) }), execEach(db, "DETACH other"))
		})
	}
}

// GORM's driver for SQLite inserts into the table without its schema, or by its
// alias.
var attachedPosts = theme{name: "names that mean another table", only: "sqlite", alone: true, operations: []world.Operation{
	{Name: "create by another file's name", Run: attached(func(db *gorm.DB) error {
		return db.Table("other.posts").Create(&world.Post{ID: 70, AuthorID: 1, Title: "main", Published: true, CreatedAt: world.At(8)}).Error
	})},
	{Name: "create a map by another file's name", Run: attached(func(db *gorm.DB) error {
		return db.Table("other.posts").Model(&world.Post{}).Create(map[string]any{"id": 70, "author_id": 1, "published": true, "created_at": world.At(8)}).Error
	})},
	{Name: "save by another file's name", Run: attached(func(db *gorm.DB) error {
		return db.Table("other.posts").Save(&world.Post{ID: 10, AuthorID: 2, Title: "main", Published: true, CreatedAt: world.At(8)}).Error
	})},
	{Name: "upsert by another file's name", Run: attached(func(db *gorm.DB) error {
		return db.Table("other.posts").Clauses(clause.OnConflict{UpdateAll: true}).Create(&world.Post{ID: 10, AuthorID: 2, Published: true, CreatedAt: world.At(8)}).Error
	})},
	{Name: "update by another file's name", Run: attached(func(db *gorm.DB) error {
		return db.Table("other.posts").Where("id = 10").Update("author_id", 2).Error
	})},
	{Name: "delete by another file's name", Run: attached(func(db *gorm.DB) error { return db.Table("other.posts").Where("id = 10").Delete(&world.Post{}).Error })},
	{Name: "create by the alias posts", Run: attached(func(db *gorm.DB) error {
		return db.Table("drafts AS posts").Create(&world.Post{ID: 70, AuthorID: 1, Title: "main", Published: true, CreatedAt: world.At(8)}).Error
	})},
	{Name: "create by the alias posts of another file", Run: attached(func(db *gorm.DB) error {
		return db.Table("other.drafts AS posts").Create(&[]world.Post{{AuthorID: 1, Published: true, CreatedAt: world.At(8)}, {AuthorID: 2, Published: true, CreatedAt: world.At(8)}}).Error
	})},
	{Name: "create by the alias drafts of posts", Run: attached(func(db *gorm.DB) error {
		return db.Table("posts AS drafts").Create(&world.Post{ID: 70, AuthorID: 1, Title: "other", Published: true, CreatedAt: world.At(8)}).Error
	})},
}}

// views of a tracked table are views to callbacks, and the table to triggers.
var views = theme{name: "views", only: "postgres", unknowable: "a view of the table is written", operations: []world.Operation{
	{Name: "update through a view", Run: updateThroughView},
	{Name: "delete through a view", Run: func(db *gorm.DB) error { return db.Table("all_posts").Where("id = 10").Delete(map[string]any{}).Error }},
	{Name: "create through a view", Run: func(db *gorm.DB) error {
		return db.Table("all_posts").Create(map[string]any{"author_id": 1, "published": true, "created_at": world.At(8)}).Error
	}},
	{Name: "raw update through a view", Run: func(db *gorm.DB) error { return db.Exec("UPDATE all_posts SET author_id = 2").Error }},
	{Name: "update through a view of the same name", Run: elsewhere(func(tx *gorm.DB) error {
		err := execEach(tx, "DROP TABLE acme.posts", "CREATE VIEW acme.posts AS SELECT * FROM public.posts WHERE author_id = 1")
		return world.FirstError(err, func() error { return tx.Model(&world.Post{}).Where("id = 10").Update("title", "seen").Error })
	})},
}}

func updateThroughView(db *gorm.DB) error {
	return db.Table("all_posts").Where("author_id = 1").Updates(map[string]any{"author_id": 2}).Error
}
