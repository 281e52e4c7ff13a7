package endtoend_test

import (
	"context"
	"database/sql"
	"errors"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// scanned runs a statement of Raw that returns keys.
func scanned(db *gorm.DB, sql string, values ...any) error {
	var keys []string
	return db.Raw(sql, values...).Scan(&keys).Error
}

var rawOperations = []world.Operation{
	{Name: "raw insert", Run: func(db *gorm.DB) error {
		return db.Exec("INSERT INTO posts (author_id, title, published, created_at) VALUES (1, 'raw', true, ?)", world.At(9)).Error
	}},
	{Name: "raw update", Run: func(db *gorm.DB) error { return db.Exec("UPDATE posts SET author_id = 2 WHERE id = ?", 10).Error }},
	{Name: "raw delete", Run: func(db *gorm.DB) error {
		return db.Exec(`delete from "posts" where id = @id`, map[string]any{"id": 10}).Error
	}},
	{Name: "raw upsert", Run: func(db *gorm.DB) error {
		return db.Exec("INSERT INTO listings (slug, shop, title) VALUES ('s10', 3, 'raw') ON CONFLICT (slug) DO UPDATE SET shop = excluded.shop").Error
	}},
	{Name: "raw update of a primary key", Run: func(db *gorm.DB) error { return db.Exec("UPDATE seats SET number = number + 100").Error }},
	{Name: "raw update returning", Run: func(db *gorm.DB) error { return scanned(db, "UPDATE posts SET author_id = 2 RETURNING id") }},
	{Name: "raw insert returning", Run: func(db *gorm.DB) error {
		return scanned(db, "INSERT INTO posts (author_id, title, published, created_at) VALUES (1, 'raw', true, ?) RETURNING id", world.At(9))
	}},
	{Name: "raw soft delete", Run: func(db *gorm.DB) error {
		return db.Exec("UPDATE posts SET deleted_at = ? WHERE id = 10", world.At(9)).Error
	}},
	{Name: "raw SQL of a model", Run: func(db *gorm.DB) error { return db.Model(&world.Author{}).Exec("UPDATE posts SET title = 'raw'").Error }},
	{Name: "raw SQL of generics", Run: func(db *gorm.DB) error {
		return gorm.G[world.Post](db).Exec(context.Background(), "UPDATE posts SET author_id = 2 WHERE id = 10")
	}},
	{Name: "raw insert from a select", Run: func(db *gorm.DB) error {
		return db.Exec("INSERT INTO remarks (post_id, text, created_at) SELECT id, title, created_at FROM posts").Error
	}},
	{Name: "raw update with a computed column", Run: func(db *gorm.DB) error { return db.Exec("UPDATE prices SET cents = 1500").Error }},
}

var postgresRaw = []world.Operation{
	{Name: "block of code in single quotes", Run: func(db *gorm.DB) error { return db.Exec("DO 'BEGIN UPDATE posts SET author_id = 2; END'").Error }},
	{Name: "explain analyze of an update", Run: func(db *gorm.DB) error { return scanned(db, "EXPLAIN (ANALYZE) UPDATE posts SET author_id = 2") }},
	{Name: "raw SQL that deletes and inserts", Run: func(db *gorm.DB) error {
		return db.Exec(`WITH gone AS (DELETE FROM posts WHERE id = 10 RETURNING title)
			INSERT INTO posts (author_id, title, published, created_at) SELECT 2, title, true, now() FROM gone`).Error
	}},
	{Name: "raw SQL that inserts a row which it deletes", Run: func(db *gorm.DB) error {
		return db.Exec(`WITH gone AS (DELETE FROM posts WHERE id IN (10, 11) RETURNING *)
			INSERT INTO posts (id, author_id, title, published, created_at) SELECT id, 7, title, published, created_at FROM gone ORDER BY id LIMIT 1`).Error
	}},
	{Name: "raw SQL that inserts a row in the place of one which it moves", Run: func(db *gorm.DB) error {
		return db.Exec(`WITH moved AS (UPDATE posts SET id = 99 WHERE id = 10 RETURNING id)
			INSERT INTO posts (id, author_id, title, published, created_at) SELECT 10, 7, 'new', true, now() FROM moved`).Error
	}},
	{Name: "truncate", Run: func(db *gorm.DB) error { return db.Exec("TRUNCATE posts").Error }},
	{Name: "truncate several tables", Run: func(db *gorm.DB) error { return db.Exec("TRUNCATE TABLE ONLY remarks, signs RESTART IDENTITY").Error }},
	{Name: "truncate and insert", Run: func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return errors.Join(tx.Exec("TRUNCATE posts").Error, tx.Exec("INSERT INTO posts (author_id, title, published, created_at) VALUES (1, 'raw', true, now())").Error)
		})
	}},
	{Name: "merge", Run: func(db *gorm.DB) error {
		return db.Exec(`MERGE INTO posts USING authors ON posts.author_id = authors.id
			WHEN MATCHED AND authors.id = 1 THEN DELETE WHEN MATCHED THEN UPDATE SET author_id = 1`).Error
	}},
	{Name: "block of code", Run: func(db *gorm.DB) error {
		return db.Exec("DO $$ BEGIN UPDATE posts SET author_id = 2 WHERE id = 10; DELETE FROM remarks; END $$").Error
	}},
	{Name: "block of code that puts SQL together", Run: func(db *gorm.DB) error {
		return db.Exec("DO $$ BEGIN EXECUTE format('UPDATE %I SET author_id = %L', 'posts', 2); END $$").Error
	}},
	{Name: "raw update that trades keys", Run: func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return errors.Join(
				tx.Exec("UPDATE posts SET id = 90 WHERE id = 10").Error, tx.Exec("UPDATE posts SET id = 10 WHERE id = 11").Error,
				tx.Exec("UPDATE posts SET id = 11 WHERE id = 90").Error,
			)
		})
	}},
}

var sqliteRaw = []world.Operation{
	{Name: "raw update after a byte order mark", Run: func(db *gorm.DB) error { return db.Exec("UPDATE \ufeffposts SET author_id = 2").Error }},
	{Name: "raw replace", Run: func(db *gorm.DB) error {
		return db.Exec("REPLACE INTO posts (id, author_id, title, published, created_at) VALUES (10, 2, 'raw', true, ?)", world.At(9)).Error
	}},
	{Name: "raw replace by a unique column", Run: func(db *gorm.DB) error {
		return db.Exec("INSERT OR REPLACE INTO listings (slug, shop, title, created_at) VALUES ('s10', 2, 'raw', ?)", world.At(9)).Error
	}},
	{Name: "raw update or replace", Run: func(db *gorm.DB) error {
		return db.Exec("UPDATE OR REPLACE listings SET slug = 's10' WHERE id = 12").Error
	}},
	{Name: "raw delete of all", Run: func(db *gorm.DB) error { return db.Exec("DELETE FROM posts").Error }},
	{Name: "raw SQL of several statements", Run: func(db *gorm.DB) error {
		return db.Exec("UPDATE authors SET name = 'x'; UPDATE posts SET author_id = 2 WHERE id = 10; DELETE FROM remarks").Error
	}},
}

// explained is SQL that looks like a write, and is none.
var explained = theme{name: "raw SQL that only looks like a write", operations: []world.Operation{
	{Name: "explain of an update", Run: func(db *gorm.DB) error { return db.Exec("EXPLAIN UPDATE posts SET author_id = 2").Error }},
	{Name: "a text of an update", Run: func(db *gorm.DB) error { return db.Exec("SELECT 'UPDATE posts SET author_id = 2'").Error }},
}}

// SQL of the user's own.
var (
	raw         = theme{name: "raw SQL", raw: true, operations: rawOperations}
	rawPostgres = theme{name: "raw SQL", raw: true, only: "postgres", operations: postgresRaw}
	rawSQLite   = theme{name: "raw SQL", raw: true, only: "sqlite", operations: sqliteRaw}
	rawWarned   = theme{name: "raw SQL that is only warned about", raw: true, rawSQL: timakgorm.WarnRaw, operations: []world.Operation{
		{Name: "raw update, warned about", Run: func(db *gorm.DB) error { return db.Exec("UPDATE posts SET author_id = 2 WHERE id = ?", 10).Error }},
		{Name: "raw delete returning, warned about", Run: func(db *gorm.DB) error { return scanned(db, "DELETE FROM posts WHERE author_id = 1 RETURNING id") }},
	}}
)

var inside = theme{name: "in the database", unseen: "the database changes these rows, by a trigger, a view or a function of the user's", operations: []world.Operation{
	{Name: "trigger that updates a post", Run: func(db *gorm.DB) error { return db.Create(&Ballot{PostID: 10}).Error }},
}}

var postgresInside = theme{name: "in the database", only: "postgres", unseen: inside.unseen, operations: []world.Operation{
	{Name: "call of a function that updates posts", Run: func(db *gorm.DB) error { return db.Exec("SELECT move_posts(1, 2)").Error }},
}}

var sqliteInside = theme{name: "in the database", only: "sqlite", unseen: inside.unseen, operations: []world.Operation{
	{Name: "update through a view", Run: updateThroughView},
	{Name: "trigger that updates the new row again", Run: func(db *gorm.DB) error {
		return db.Create(&world.Remark{PostID: 10, Text: "echo", CreatedAt: world.At(9)}).Error
	}},
	{Name: "trigger that deletes the new row", Run: func(db *gorm.DB) error {
		return db.Create(&world.Remark{PostID: 10, Text: "spam", CreatedAt: world.At(9)}).Error
	}},
	{Name: "trigger that updates the row again", Run: func(db *gorm.DB) error { return db.Model(&world.Remark{ID: 10}).Update("text", "loud").Error }},
	{Name: "trigger that inserts the deleted row again", Run: func(db *gorm.DB) error {
		return world.FirstError(db.Model(&world.Remark{ID: 10}).Update("text", "undead").Error, func() error { return db.Delete(&world.Remark{ID: 10}).Error })
	}},
	{Name: "trigger that inserts another row while one is replaced", Run: func(db *gorm.DB) error {
		return db.Exec("REPLACE INTO remarks (id, post_id, text, created_at) VALUES (10, 11, 'pair', ?)", world.At(9)).Error
	}},
}}

var programs = theme{name: "another program", unseen: "another program writes these rows", alone: true, operations: []world.Operation{
	{Name: "another program's insert", Run: world.Outside("INSERT INTO posts (author_id, title, published, created_at) VALUES (1, 'other', true, '2026-01-01 00:09:00+00:00')")},
	{Name: "another program's update", Run: world.Outside("UPDATE posts SET author_id = 2 WHERE id = 10")},
	{Name: "another program's delete", Run: world.Outside("DELETE FROM posts WHERE author_id = 1")},
	{Name: "another program's transaction", Run: func(db *gorm.DB) error {
		return otherTransaction(db, (*sql.Tx).Commit)
	}},
	{Name: "another program's rollback", Run: func(db *gorm.DB) error {
		return otherTransaction(db, (*sql.Tx).Rollback)
	}},
}}

func otherTransaction(db *gorm.DB, end func(*sql.Tx) error) error {
	pool, err := db.DB()
	if err != nil {
		return err
	}
	tx, err := pool.BeginTx(context.Background(), nil)
	if err != nil {
		return err
	}
	_, updated := tx.ExecContext(context.Background(), "UPDATE posts SET author_id = 2 WHERE id = 10")
	_, deleted := tx.ExecContext(context.Background(), "DELETE FROM remarks")
	return errors.Join(updated, deleted, end(tx))
}
