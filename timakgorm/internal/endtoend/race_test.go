package endtoend_test

import (
	"context"
	"database/sql"
	"strings"
	"sync"
	"testing"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
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
	statements := []world.Operation{
		{Name: "update", Run: func(db *gorm.DB) error {
			return db.Model(&world.Post{}).Where("author_id = ?", 1).Update("author_id", 3).Error
		}},
		{Name: "update with OR", Run: func(db *gorm.DB) error {
			return db.Model(&world.Post{}).Where("author_id = ?", 1).Or("title = ?", "t1").Update("author_id", 3).Error
		}},
		{Name: "update of all, with OR", Run: func(db *gorm.DB) error {
			return db.Unscoped().Model(&world.Post{}).Where("author_id = ?", 1).Or("title = ?", "t1").Update("author_id", 3).Error
		}},
		{Name: "update by a subquery", Run: func(db *gorm.DB) error {
			authors := db.Session(&gorm.Session{NewDB: true}).Model(&world.Author{}).Select("id").Where("id = ?", 1)
			return db.Model(&world.Post{}).Where("author_id IN (?)", authors).Update("author_id", 3).Error
		}},
		{Name: "restore", Run: func(db *gorm.DB) error {
			return db.Unscoped().Model(&world.Post{}).Where("author_id = ?", 1).Update("deleted_at", nil).Error
		}},
		{Name: "delete", Run: func(db *gorm.DB) error { return db.Where("author_id = ?", 1).Delete(&world.Post{}).Error }},
		{Name: "delete with OR", Run: func(db *gorm.DB) error {
			return db.Where("author_id = ?", 1).Or("title = ?", "t1").Delete(&world.Post{}).Error
		}},
		{Name: "delete for good", Run: func(db *gorm.DB) error { return db.Unscoped().Where("author_id = ?", 1).Delete(&world.Post{}).Error }},
		{Name: "delete for good with OR", Run: func(db *gorm.DB) error {
			return db.Unscoped().Where("author_id = ?", 1).Or("title = ?", "t1").Delete(&world.Post{}).Error
		}},
		{Name: "upsert", Run: func(db *gorm.DB) error {
			return db.Clauses(clause.OnConflict{UpdateAll: true}).
				Create(&world.Post{ID: 30, AuthorID: 3, Title: "upserted", Published: true}).Error
		}},
		{Name: "save", Run: func(db *gorm.DB) error {
			return db.Save(&world.Post{ID: 30, AuthorID: 3, Title: "saved", Published: true}).Error
		}},
		{Name: "upsert with a WHERE", Run: func(db *gorm.DB) error {
			return db.Clauses(clause.OnConflict{
				Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.AssignmentColumns([]string{"author_id"}),
				Where: clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: "posts.author_id < excluded.author_id"}}},
			}).Create(&world.Post{ID: 30, AuthorID: 3, Title: "upserted", Published: true}).Error
		}},
		{Name: "upsert of a map", Run: func(db *gorm.DB) error {
			return db.Table("posts").Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.AssignmentColumns([]string{"author_id"})}).
				Create(map[string]any{"id": 30, "author_id": 3, "title": "upserted", "published": true, "created_at": world.At(3)}).Error
		}},
		{Name: "update from", Run: func(db *gorm.DB) error {
			return db.Model(&world.Post{}).Clauses(clause.From{Tables: []clause.Table{{Name: "authors"}}}).
				Where("posts.author_id = authors.id AND authors.name = ?", "ann").Update("author_id", 3).Error
		}},
		{Name: "update by an alias", Run: func(db *gorm.DB) error {
			return db.Table("posts AS p").Where("p.author_id = ?", 1).Or("p.title = ?", "t1").Updates(map[string]any{"author_id": 3}).Error
		}},
		{Name: "update of the primary key", Run: func(db *gorm.DB) error {
			return db.Model(&world.Post{}).Where("author_id = ?", 1).Update("id", gorm.Expr("id + 1000")).Error
		}},
		{Name: "delete using", Run: func(db *gorm.DB) error {
			return db.Clauses(clause.From{Tables: []clause.Table{{Name: "posts USING authors", Raw: true}}}).Unscoped().
				Where("posts.author_id = authors.id AND authors.id = ?", 1).Delete(&world.Post{}).Error
		}},
		{Name: "upsert that does nothing", Run: func(db *gorm.DB) error {
			return db.Clauses(clause.OnConflict{DoNothing: true}).
				Create(&world.Post{ID: 30, AuthorID: 3, Title: "never", Published: true}).Error
		}},
	}
	others := []world.Operation{
		{Name: "create", Run: func(db *gorm.DB) error {
			return db.Create(&world.Post{ID: 30, AuthorID: 1, Title: "between", Published: true}).Error
		}},
		{Name: "create deleted", Run: func(db *gorm.DB) error {
			return db.Create(&world.Post{ID: 30, AuthorID: 1, Published: true, DeletedAt: gorm.DeletedAt{Time: world.At(1), Valid: true}}).Error
		}},
		{Name: "move here", Run: func(db *gorm.DB) error {
			return db.Model(&world.Post{ID: 13}).Updates(map[string]any{"author_id": 1, "published": true}).Error
		}},
	}
	for _, statement := range statements {
		for _, other := range others {
			t.Run(other.Name+" between "+statement.Name, func(t *testing.T) {
				world.ByBoth(t, func(t *testing.T, by timakgorm.Capture) { betweenReadAndRun(t, by, statement, other) })
			})
		}
	}
}

func betweenReadAndRun(t *testing.T, by timakgorm.Capture, statement, other world.Operation) {
	w := world.NewBy(t, by, world.Setup{Dialect: "postgres"})
	w.Seed()
	w.Drain()
	let := sync.OnceFunc(func() {
		ctx, cancel := context.WithTimeout(t.Context(), world.Patience)
		defer cancel()
		if err := other.Run(w.DB.WithContext(ctx)); err != nil {
			t.Errorf("other transaction: %v", err)
		}
		w.Drain()
	})
	held := held(w, by, func(sql string) {
		if strings.HasPrefix(sql, "UPDATE ") || strings.HasPrefix(sql, "DELETE ") || strings.HasPrefix(sql, `INSERT INTO "posts"`) {
			let()
		}
	})
	if err := statement.Run(held.DB); err != nil {
		t.Log(err)
	}
	w.CheckVersions()
	w.Check()
}

// held opens the database once more, with a heldPool.
func held(w *world.World, by timakgorm.Capture, hold func(sql string)) *world.World {
	w.Helper()
	held := &world.World{TB: w.TB, Timelines: w.Timelines, DB: world.OpenDSN(w.TB, w.Dialect, w.DSN, nil)}
	plain, err := held.DB.DB()
	w.Must(err)
	held.DB.ConnPool = &heldPool{plain, hold}
	held.DB.Statement.ConnPool = held.DB.ConnPool
	held.Use(&timakgorm.Options{Capture: by})
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
			w := world.New(t, world.Setup{Dialect: "postgres"})
			w.Seed()
			inserts := 0
			held := held(w, timakgorm.Callbacks, func(sql string) {
				if !strings.HasPrefix(sql, `INSERT INTO "posts"`) {
					return
				}
				if inserts++; inserts == 2 {
					w.Must(w.DB.Create(&world.Post{ID: 30, AuthorID: 1, Title: "between", Published: true}).Error)
					w.Drain()
				}
			})
			err := held.DB.Clauses(clause.OnConflict{
				OnConstraint: "posts_pkey", DoUpdates: clause.AssignmentColumns([]string{"author_id"}),
				Where: clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: where}}},
			}).Create(&[]world.Post{{ID: 10, AuthorID: 2}, {ID: 30, AuthorID: 3, Title: "upserted", Published: true}}).Error
			w.Must(err)
			want := 4 // twice the trial and the statement
			if where == "false" {
				want = 2
			}
			if inserts != want {
				t.Errorf("%d inserts, want %d", inserts, want)
			}
			w.CheckVersions()
			w.Check()
		})
	}
}

// TestMadeBeneathNothing: a row that was there when it should have been inserted
// is none of the statement's business.
func TestMadeBeneathNothing(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres"})
	w.Seed()
	made := sync.OnceFunc(func() {
		w.Must(w.DB.Create(&world.Post{ID: 30, AuthorID: 1, Title: "made by another", Published: true}).Error)
		w.Drain()
	})
	held := held(w, timakgorm.Callbacks, func(sql string) {
		if strings.HasPrefix(sql, `INSERT INTO "posts"`) {
			made()
		}
	})
	w.Must(held.DB.Transaction(func(tx *gorm.DB) error {
		w.Must(tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&world.Post{ID: 30, AuthorID: 2, Title: "never", Published: true}).Error)
		ctx, cancel := context.WithTimeout(t.Context(), world.Patience)
		defer cancel()
		return w.DB.WithContext(ctx).Unscoped().Delete(&world.Post{}, 30).Error // it is not locked
	}))
	w.Check()
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
