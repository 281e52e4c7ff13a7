package timakgorm_test

import (
	"context"
	"database/sql"
	"errors"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
)

// scanned runs a statement of Raw that returns keys.
func scanned(db *gorm.DB, sql string, values ...any) error {
	var keys []string
	return db.Raw(sql, values...).Scan(&keys).Error
}

var rawOperations = []operation{
	{"raw insert", func(db *gorm.DB) error {
		return db.Exec("INSERT INTO posts (author_id, title, published, created_at) VALUES (1, 'raw', true, ?)", at(9)).Error
	}},
	{"raw update", func(db *gorm.DB) error { return db.Exec("UPDATE posts SET author_id = 2 WHERE id = ?", 10).Error }},
	{"raw delete", func(db *gorm.DB) error {
		return db.Exec(`delete from "posts" where id = @id`, map[string]any{"id": 10}).Error
	}},
	{"raw upsert", func(db *gorm.DB) error {
		return db.Exec("INSERT INTO listings (slug, shop, title) VALUES ('s10', 3, 'raw') ON CONFLICT (slug) DO UPDATE SET shop = excluded.shop").Error
	}},
	{"raw update of a primary key", func(db *gorm.DB) error { return db.Exec("UPDATE seats SET number = number + 100").Error }},
	{"raw update returning", func(db *gorm.DB) error { return scanned(db, "UPDATE posts SET author_id = 2 RETURNING id") }},
	{"raw insert returning", func(db *gorm.DB) error {
		return scanned(db, "INSERT INTO posts (author_id, title, published, created_at) VALUES (1, 'raw', true, ?) RETURNING id", at(9))
	}},
	{"raw soft delete", func(db *gorm.DB) error { return db.Exec("UPDATE posts SET deleted_at = ? WHERE id = 10", at(9)).Error }},
	{"raw SQL of a model", func(db *gorm.DB) error { return db.Model(&Author{}).Exec("UPDATE posts SET title = 'raw'").Error }},
	{"raw SQL of generics", func(db *gorm.DB) error {
		return gorm.G[Post](db).Exec(context.Background(), "UPDATE posts SET author_id = 2 WHERE id = 10")
	}},
	{"raw insert from a select", func(db *gorm.DB) error {
		return db.Exec("INSERT INTO remarks (post_id, text, created_at) SELECT id, title, created_at FROM posts").Error
	}},
	{"raw update with a computed column", func(db *gorm.DB) error { return db.Exec("UPDATE prices SET cents = 1500").Error }},
}

var postgresRaw = []operation{
	{"block of code in single quotes", func(db *gorm.DB) error { return db.Exec("DO 'BEGIN UPDATE posts SET author_id = 2; END'").Error }},
	{"explain analyze of an update", func(db *gorm.DB) error { return scanned(db, "EXPLAIN (ANALYZE) UPDATE posts SET author_id = 2") }},
	{"raw SQL that deletes and inserts", func(db *gorm.DB) error {
		return db.Exec(`WITH gone AS (DELETE FROM posts WHERE id = 10 RETURNING title)
			INSERT INTO posts (author_id, title, published, created_at) SELECT 2, title, true, now() FROM gone`).Error
	}},
	{"raw SQL that inserts a row which it deletes", func(db *gorm.DB) error {
		return db.Exec(`WITH gone AS (DELETE FROM posts WHERE id IN (10, 11) RETURNING *)
			INSERT INTO posts (id, author_id, title, published, created_at) SELECT id, 7, title, published, created_at FROM gone ORDER BY id LIMIT 1`).Error
	}},
	{"raw SQL that inserts a row in the place of one which it moves", func(db *gorm.DB) error {
		return db.Exec(`WITH moved AS (UPDATE posts SET id = 99 WHERE id = 10 RETURNING id)
			INSERT INTO posts (id, author_id, title, published, created_at) SELECT 10, 7, 'new', true, now() FROM moved`).Error
	}},
	{"truncate", func(db *gorm.DB) error { return db.Exec("TRUNCATE posts").Error }},
	{"truncate several tables", func(db *gorm.DB) error { return db.Exec("TRUNCATE TABLE ONLY remarks, signs RESTART IDENTITY").Error }},
	{"truncate and insert", func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return errors.Join(tx.Exec("TRUNCATE posts").Error, tx.Exec("INSERT INTO posts (author_id, title, published, created_at) VALUES (1, 'raw', true, now())").Error)
		})
	}},
	{"merge", func(db *gorm.DB) error {
		return db.Exec(`MERGE INTO posts USING authors ON posts.author_id = authors.id
			WHEN MATCHED AND authors.id = 1 THEN DELETE WHEN MATCHED THEN UPDATE SET author_id = 1`).Error
	}},
	{"block of code", func(db *gorm.DB) error {
		return db.Exec("DO $$ BEGIN UPDATE posts SET author_id = 2 WHERE id = 10; DELETE FROM remarks; END $$").Error
	}},
	{"block of code that puts SQL together", func(db *gorm.DB) error {
		return db.Exec("DO $$ BEGIN EXECUTE format('UPDATE %I SET author_id = %L', 'posts', 2); END $$").Error
	}},
	{"raw update that trades keys", func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return errors.Join(
				tx.Exec("UPDATE posts SET id = 90 WHERE id = 10").Error, tx.Exec("UPDATE posts SET id = 10 WHERE id = 11").Error,
				tx.Exec("UPDATE posts SET id = 11 WHERE id = 90").Error,
			)
		})
	}},
}

var sqliteRaw = []operation{
	{"raw update after a byte order mark", func(db *gorm.DB) error { return db.Exec("UPDATE \ufeffposts SET author_id = 2").Error }},
	{"raw replace", func(db *gorm.DB) error {
		return db.Exec("REPLACE INTO posts (id, author_id, title, published, created_at) VALUES (10, 2, 'raw', true, ?)", at(9)).Error
	}},
	{"raw replace by a unique column", func(db *gorm.DB) error {
		return db.Exec("INSERT OR REPLACE INTO listings (slug, shop, title, created_at) VALUES ('s10', 2, 'raw', ?)", at(9)).Error
	}},
	{"raw update or replace", func(db *gorm.DB) error {
		return db.Exec("UPDATE OR REPLACE listings SET slug = 's10' WHERE id = 12").Error
	}},
	{"raw delete of all", func(db *gorm.DB) error { return db.Exec("DELETE FROM posts").Error }},
	{"raw SQL of several statements", func(db *gorm.DB) error {
		return db.Exec("UPDATE authors SET name = 'x'; UPDATE posts SET author_id = 2 WHERE id = 10; DELETE FROM remarks").Error
	}},
}

// explained is SQL that looks like a write, and is none.
var explained = theme{name: "raw SQL that only looks like a write", operations: []operation{
	{"explain of an update", func(db *gorm.DB) error { return db.Exec("EXPLAIN UPDATE posts SET author_id = 2").Error }},
	{"a text of an update", func(db *gorm.DB) error { return db.Exec("SELECT 'UPDATE posts SET author_id = 2'").Error }},
}}

// SQL of the user's own.
var (
	raw         = theme{name: "raw SQL", raw: true, operations: rawOperations}
	rawPostgres = theme{name: "raw SQL", raw: true, only: "postgres", operations: postgresRaw}
	rawSQLite   = theme{name: "raw SQL", raw: true, only: "sqlite", operations: sqliteRaw}
	rawWarned   = theme{name: "raw SQL that is only warned about", raw: true, rawSQL: timakgorm.WarnRaw, operations: []operation{
		{"raw update, warned about", func(db *gorm.DB) error { return db.Exec("UPDATE posts SET author_id = 2 WHERE id = ?", 10).Error }},
		{"raw delete returning, warned about", func(db *gorm.DB) error { return scanned(db, "DELETE FROM posts WHERE author_id = 1 RETURNING id") }},
	}}
)

var inside = theme{name: "in the database", unseen: "the database changes these rows, by a trigger, a view or a function of the user's", operations: []operation{
	{"trigger that updates a post", func(db *gorm.DB) error { return db.Create(&Ballot{PostID: 10}).Error }},
}}

var postgresInside = theme{name: "in the database", only: "postgres", unseen: inside.unseen, operations: []operation{
	{"call of a function that updates posts", func(db *gorm.DB) error { return db.Exec("SELECT move_posts(1, 2)").Error }},
}}

var sqliteInside = theme{name: "in the database", only: "sqlite", unseen: inside.unseen, operations: []operation{
	{"update through a view", updateThroughView},
	{"trigger that updates the new row again", func(db *gorm.DB) error { return db.Create(&Remark{PostID: 10, Text: "echo", CreatedAt: at(9)}).Error }},
	{"trigger that deletes the new row", func(db *gorm.DB) error { return db.Create(&Remark{PostID: 10, Text: "spam", CreatedAt: at(9)}).Error }},
	{"trigger that updates the row again", func(db *gorm.DB) error { return db.Model(&Remark{ID: 10}).Update("text", "loud").Error }},
	{"trigger that inserts the deleted row again", func(db *gorm.DB) error {
		return firstError(db.Model(&Remark{ID: 10}).Update("text", "undead").Error, func() error { return db.Delete(&Remark{ID: 10}).Error })
	}},
	{"trigger that inserts another row while one is replaced", func(db *gorm.DB) error {
		return db.Exec("REPLACE INTO remarks (id, post_id, text, created_at) VALUES (10, 11, 'pair', ?)", at(9)).Error
	}},
}}

// outside runs SQL as a program does that knows nothing of GORM.
func outside(sql string) func(*gorm.DB) error {
	return func(db *gorm.DB) error {
		pool, err := db.DB()
		if err != nil {
			return err
		}
		_, err = pool.ExecContext(context.Background(), sql)
		return err
	}
}

var programs = theme{name: "another program", unseen: "another program writes these rows", alone: true, operations: []operation{
	{"another program's insert", outside("INSERT INTO posts (author_id, title, published, created_at) VALUES (1, 'other', true, '2026-01-01 00:09:00+00:00')")},
	{"another program's update", outside("UPDATE posts SET author_id = 2 WHERE id = 10")},
	{"another program's delete", outside("DELETE FROM posts WHERE author_id = 1")},
	{"another program's transaction", func(db *gorm.DB) error {
		return otherTransaction(db, (*sql.Tx).Commit)
	}},
	{"another program's rollback", func(db *gorm.DB) error {
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
