package timakgorm_test

import (
	"context"
	"database/sql"
	"errors"
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
				t.Parallel()
				betweenReadAndRun(t, statement, other)
			})
		}
	}
}

func betweenReadAndRun(t *testing.T, statement, other operation) {
	w := newWorld(t, setup{dialect: "postgres"})
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
	held := w.held(func(sql string) {
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
func (w *world) held(hold func(sql string)) *world {
	w.Helper()
	held := &world{TB: w.TB, timelines: w.timelines, db: openDSN(w.TB, w.dialect, w.dsn, nil)}
	plain, err := held.db.DB()
	w.must(err)
	held.db.ConnPool = &heldPool{plain, hold}
	held.db.Statement.ConnPool = held.db.ConnPool
	held.use(nil)
	return held
}

// TestUpsertWhere: an upsert with a condition of its own cannot be kept from
// updating a row that another transaction makes meanwhile.
func TestUpsertWhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{dialect: "postgres"})
	w.seed()
	err := w.db.Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.AssignmentColumns([]string{"author_id"}),
		Where: clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: "posts.author_id < excluded.author_id"}}},
	}).Create(&Post{ID: 10, AuthorID: 2, Published: true}).Error
	if !errors.Is(err, timakgorm.ErrUncaptured) {
		t.Errorf("got %v, want ErrUncaptured", err)
	}
	w.check()
}

// TestDeleteBeneathUpsert: a row that was there when it should have been
// inserted is deleted by another before its change is recorded.
func TestDeleteBeneathUpsert(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{dialect: "postgres"})
	w.seed()
	post := Post{ID: 30, AuthorID: 1, Title: "made by another", Published: true}
	made := sync.OnceFunc(func() {
		w.must(w.db.Create(&post).Error)
		w.drain()
	})
	deleted := make(chan error, 1)
	done := make(chan struct{})
	deleting := sync.OnceFunc(func() {
		ready := make(chan struct{})
		go func() {
			deleted <- w.db.Transaction(func(tx *gorm.DB) error {
				err := tx.Unscoped().Delete(&Post{}, 30).Error
				close(ready)
				w.awaitOr(done, "the upsert to wait for the delete", func() bool { return w.waiters() > 0 })
				return err
			})
		}()
		w.awaitOr(ready, "the delete to run, or to wait for the upsert", func() bool { return w.waiters() > 0 })
	})
	inserted := false
	held := w.held(func(sql string) {
		if strings.HasPrefix(sql, `INSERT INTO "posts"`) {
			made()
			inserted = true
		} else if inserted {
			deleting()
		}
	})
	w.must(held.db.Clauses(clause.OnConflict{DoNothing: true}).Create(&Post{ID: 30, AuthorID: 2, Title: "never", Published: true}).Error)
	close(done)
	w.must(<-deleted)
	w.check()
}

// waiters returns how many sessions wait for a lock.
func (w *world) waiters() int64 {
	var n int64
	w.must(w.db.Raw(`SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
		WHERE NOT l.granted AND a.datname = current_database()`).Scan(&n).Error)
	return n
}

// awaitOr is await that ends as well when done is closed.
func (w *world) awaitOr(done <-chan struct{}, what string, so func() bool) {
	w.await(what, func() bool {
		select {
		case <-done:
			return true
		default:
			return so()
		}
	})
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
