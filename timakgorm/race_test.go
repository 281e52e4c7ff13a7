package timakgorm_test

import (
	"context"
	"database/sql"
	"strings"
	"sync"
	"testing"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm"
)

// heldPool is a connection pool that calls hold before each statement of a
// transaction: a place to let others in.
type heldPool struct {
	*sql.DB

	hold func(sql string)
}

func (p *heldPool) BeginTx(ctx context.Context, opts *sql.TxOptions) (gorm.ConnPool, error) {
	tx, err := p.DB.BeginTx(ctx, opts)
	return &heldTx{tx, p}, err
}

func (p *heldPool) GetDBConn() (*sql.DB, error) { return p.DB, nil }

type heldTx struct {
	*sql.Tx

	pool *heldPool
}

func (t *heldTx) ExecContext(ctx context.Context, sql string, args ...any) (sql.Result, error) {
	t.pool.hold(sql)
	return t.Tx.ExecContext(ctx, sql, args...)
}

func (t *heldTx) QueryContext(ctx context.Context, sql string, args ...any) (*sql.Rows, error) {
	t.pool.hold(sql)
	return t.Tx.QueryContext(ctx, sql, args...)
}

// TestOtherCommitsBetween: another transaction commits between the moment when
// a statement's rows are read and the moment when it runs.
func TestOtherCommitsBetween(t *testing.T) {
	t.Parallel()
	statements := []operation{
		{"update", func(db *gorm.DB) error {
			return db.Model(&Post{}).Where("author_id = ?", 1).Update("author_id", 3).Error
		}},
		{"update with OR", func(db *gorm.DB) error {
			return db.Model(&Post{}).Where("author_id = ?", 1).Or("title = ?", "t1").Update("author_id", 3).Error
		}},
		{"update of all, with OR", func(db *gorm.DB) error {
			return db.Unscoped().Model(&Post{}).Where("author_id = ?", 1).Or("title = ?", "t1").Update("author_id", 3).Error
		}},
		{"update by a subquery", func(db *gorm.DB) error {
			authors := db.Session(&gorm.Session{NewDB: true}).Model(&Author{}).Select("id").Where("id = ?", 1)
			return db.Model(&Post{}).Where("author_id IN (?)", authors).Update("author_id", 3).Error
		}},
		{"restore", func(db *gorm.DB) error {
			return db.Unscoped().Model(&Post{}).Where("author_id = ?", 1).Update("deleted_at", nil).Error
		}},
		{"delete", func(db *gorm.DB) error { return db.Where("author_id = ?", 1).Delete(&Post{}).Error }},
		{"delete with OR", func(db *gorm.DB) error {
			return db.Where("author_id = ?", 1).Or("title = ?", "t1").Delete(&Post{}).Error
		}},
		{"delete for good", func(db *gorm.DB) error { return db.Unscoped().Where("author_id = ?", 1).Delete(&Post{}).Error }},
		{"delete for good with OR", func(db *gorm.DB) error {
			return db.Unscoped().Where("author_id = ?", 1).Or("title = ?", "t1").Delete(&Post{}).Error
		}},
		{"upsert", func(db *gorm.DB) error {
			return db.Clauses(clause.OnConflict{UpdateAll: true}).
				Create(&Post{ID: 30, AuthorID: 3, Title: "upserted", Published: true}).Error
		}},
		{"save", func(db *gorm.DB) error {
			return db.Save(&Post{ID: 30, AuthorID: 3, Title: "saved", Published: true}).Error
		}},
		{"upsert with a WHERE", func(db *gorm.DB) error {
			return db.Clauses(clause.OnConflict{
				Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.AssignmentColumns([]string{"author_id"}),
				Where: clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: "posts.author_id < excluded.author_id"}}},
			}).Create(&Post{ID: 30, AuthorID: 3, Title: "upserted", Published: true}).Error
		}},
		{"upsert of a map", func(db *gorm.DB) error {
			return db.Table("posts").Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.AssignmentColumns([]string{"author_id"})}).
				Create(map[string]any{"id": 30, "author_id": 3, "title": "upserted", "published": true, "created_at": at(3)}).Error
		}},
		{"update from", func(db *gorm.DB) error {
			return db.Model(&Post{}).Clauses(clause.From{Tables: []clause.Table{{Name: "authors"}}}).
				Where("posts.author_id = authors.id AND authors.name = ?", "ann").Update("author_id", 3).Error
		}},
		{"update by an alias", func(db *gorm.DB) error {
			return db.Table("posts AS p").Where("p.author_id = ?", 1).Or("p.title = ?", "t1").Updates(map[string]any{"author_id": 3}).Error
		}},
		{"update of the primary key", func(db *gorm.DB) error {
			return db.Model(&Post{}).Where("author_id = ?", 1).Update("id", gorm.Expr("id + 1000")).Error
		}},
		{"delete using", func(db *gorm.DB) error {
			return db.Clauses(clause.From{Tables: []clause.Table{{Name: "posts USING authors", Raw: true}}}).Unscoped().
				Where("posts.author_id = authors.id AND authors.id = ?", 1).Delete(&Post{}).Error
		}},
		{"upsert that does nothing", func(db *gorm.DB) error {
			return db.Clauses(clause.OnConflict{DoNothing: true}).
				Create(&Post{ID: 30, AuthorID: 3, Title: "never", Published: true}).Error
		}},
	}
	others := []operation{
		{"create", func(db *gorm.DB) error {
			return db.Create(&Post{ID: 30, AuthorID: 1, Title: "between", Published: true}).Error
		}},
		{"create deleted", func(db *gorm.DB) error {
			return db.Create(&Post{ID: 30, AuthorID: 1, Published: true, DeletedAt: gorm.DeletedAt{Time: at(1), Valid: true}}).Error
		}},
		{"move here", func(db *gorm.DB) error {
			return db.Model(&Post{ID: 13}).Updates(map[string]any{"author_id": 1, "published": true}).Error
		}},
	}
	for _, statement := range statements {
		for _, other := range others {
			t.Run(other.name+" between "+statement.name, func(t *testing.T) {
				byBoth(t, func(t *testing.T, by timakgorm.Capture) { betweenReadAndRun(t, by, statement, other) })
			})
		}
	}
}

func betweenReadAndRun(t *testing.T, by timakgorm.Capture, statement, other operation) {
	w := worldBy(t, by, setup{dialect: "postgres"})
	w.seed()
	w.drain()
	let := sync.OnceFunc(func() {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		if err := other.run(w.db.WithContext(ctx)); err != nil {
			t.Errorf("other transaction: %v", err)
		}
		w.drain()
	})
	held := w.held(by, func(sql string) {
		if strings.HasPrefix(sql, "UPDATE ") || strings.HasPrefix(sql, "DELETE ") || strings.HasPrefix(sql, `INSERT INTO "posts"`) {
			let()
		}
	})
	if err := statement.run(held.db); err != nil {
		t.Log(err)
	}
	w.checkVersions()
	w.check()
}

// held opens the database once more, with a heldPool.
func (w *world) held(by timakgorm.Capture, hold func(sql string)) *world {
	w.Helper()
	held := &world{TB: w.TB, timelines: w.timelines, db: openDSN(w.TB, w.dialect, w.dsn, nil)}
	plain, err := held.db.DB()
	w.must(err)
	held.db.ConnPool = &heldPool{plain, hold}
	held.db.Statement.ConnPool = held.db.ConnPool
	held.use(&timakgorm.Options{Capture: by})
	return held
}

// TestMadeAfterProbe: another transaction makes the row that an upsert meets
// between the moment when the upsert was tried, to learn of its rows, and that
// when it runs. It runs again then, unless its own condition leaves the row alone.
func TestMadeAfterProbe(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"true", "posts.author_id < excluded.author_id", "false"} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, setup{dialect: "postgres"})
			w.seed()
			inserts := 0
			held := w.held(timakgorm.Callbacks, func(sql string) {
				if !strings.HasPrefix(sql, `INSERT INTO "posts"`) {
					return
				}
				if inserts++; inserts == 2 {
					w.must(w.db.Create(&Post{ID: 30, AuthorID: 1, Title: "between", Published: true}).Error)
					w.drain()
				}
			})
			err := held.db.Clauses(clause.OnConflict{
				OnConstraint: "posts_pkey", DoUpdates: clause.AssignmentColumns([]string{"author_id"}),
				Where: clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: where}}},
			}).Create(&[]Post{{ID: 10, AuthorID: 2}, {ID: 30, AuthorID: 3, Title: "upserted", Published: true}}).Error
			w.must(err)
			want := 4 // twice the trial and the statement
			if where == "false" {
				want = 2
			}
			if inserts != want {
				t.Errorf("%d inserts, want %d", inserts, want)
			}
			w.checkVersions()
			w.check()
		})
	}
}

// TestMadeBeneathNothing: a row that was there when it should have been inserted
// is none of the statement's business.
func TestMadeBeneathNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{dialect: "postgres"})
	w.seed()
	made := sync.OnceFunc(func() {
		w.must(w.db.Create(&Post{ID: 30, AuthorID: 1, Title: "made by another", Published: true}).Error)
		w.drain()
	})
	held := w.held(timakgorm.Callbacks, func(sql string) {
		if strings.HasPrefix(sql, `INSERT INTO "posts"`) {
			made()
		}
	})
	w.must(held.db.Transaction(func(tx *gorm.DB) error {
		w.must(tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&Post{ID: 30, AuthorID: 2, Title: "never", Published: true}).Error)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		return w.db.WithContext(ctx).Unscoped().Delete(&Post{}, 30).Error // it is not locked
	}))
	w.check()
}

func closeDB(t testing.TB, db *gorm.DB) {
	t.Helper()
	plain, err := db.DB()
	if err == nil {
		err = plain.Close()
	}
	if err != nil {
		t.Error(err)
	}
}
