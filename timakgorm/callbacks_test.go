package timakgorm_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timakgorm"
)

// oneConnection leaves a pool with a single connection: one that leaks is missed
// by the next statement.
func (w *world) oneConnection() {
	w.Helper()
	pool, err := w.db.DB()
	w.must(err)
	pool.SetMaxOpenConns(1)
}

// explosiveExpression panics when it is written a second time: by us.
type explosiveExpression struct{ written int }

// Build implements clause.Expression.
func (e *explosiveExpression) Build(builder clause.Builder) {
	if e.written++; e.written > 1 {
		panic("boom")
	}
	_, _ = builder.WriteString("1 = 1")
}

// TestPanic: a panic while a statement is followed, and what GORM would panic
// at, are errors, and leave no transaction open.
func TestPanic(t *testing.T) {
	t.Parallel()
	panicking := []operation{
		{"a condition that panics", func(db *gorm.DB) error {
			return db.Where(&explosiveExpression{}).Where("id = 10").Delete(&Post{}).Error
		}},
		{"an update of a value, returning", func(db *gorm.DB) error {
			_, err := gorm.G[Post](db, clause.Returning{}).Where("id = 10").Update(context.Background(), "title", "x")
			return err
		}},
		{"a create of a value", func(db *gorm.DB) error { return db.Create(Post{AuthorID: 1}).Error }},
	}
	for _, m := range []mode{modes[0], {name: "no default transaction", config: gorm.Config{SkipDefaultTransaction: true}, run: plainly}} {
		t.Run(m.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, dialect string) {
				config := m.config
				w := newWorld(t, setup{dialect: dialect, config: &config})
				w.seed()
				w.oneConnection()
				before := w.posts()
				for _, op := range panicking {
					if err := op.run(w.db); err == nil {
						t.Errorf("%s: no error", op.name)
					}
					ctx, cancel := context.WithTimeout(t.Context(), patience)
					var n int64
					err := w.db.WithContext(ctx).Model(&Post{}).Count(&n).Error
					cancel()
					if err != nil {
						t.Fatalf("after %s: %v", op.name, err)
					}
				}
				if after := w.posts(); after != before {
					t.Errorf("posts have changed:\n%s\n%s", before, after)
				}
				w.check()
			})
		})
	}
}

// TestPanic_building: GORM's own transaction is GORM's to close, but one that
// the plugin opens is not open yet when GORM builds a statement.
func TestPanic_building(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, setup{dialect: dialect, config: &gorm.Config{SkipDefaultTransaction: true}})
		w.seed()
		w.oneConnection()
		func() {
			defer func() {
				if recover() == nil {
					t.Error("a condition that panics does not")
				}
			}()
			_ = w.db.Where(&explosiveExpression{written: 1}).Delete(&Post{}).Error
		}()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		w.must(w.db.WithContext(ctx).Model(&Post{}).Where("id = 10").Update("author_id", 2).Error)
		w.check()
	})
}

// TestUse_order: where a callback of GORM's is missing that ours stand next to,
// db.Use fails; where it goes missing later, statements do, and are not
// committed.
func TestUse_order(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		db := openDB(t, dialect, nil)
		if err := db.Callback().Create().Remove("gorm:save_after_associations"); err != nil {
			t.Fatal(err)
		}
		plugin := newPlugin(t)
		err := errors.Join(plugin.Register(&Post{}), db.Use(plugin))
		if want := "timakgorm: callbacks of create are out of order"; err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s…", err, want)
		}

		w := newWorld(t, setup{dialect: dialect})
		w.seed()
		w.oneConnection()
		w.must(w.db.Callback().Delete().Remove("gorm:after_delete"))
		before := w.posts()
		if err := w.db.Delete(&Post{}, 10).Error; !errors.Is(err, timakgorm.ErrUncaptured) {
			t.Errorf("got %v, want ErrUncaptured", err)
		}
		if after := w.posts(); after != before {
			t.Errorf("posts have changed:\n%s\n%s", before, after)
		}
		w.check()
	})
}

// TestUse_otherPlugins: callbacks of other plugins, registered before ours and
// after it, and next to GORM's, do not get in the way.
func TestUse_otherPlugins(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		calls := 0
		count := func(*gorm.DB) { calls++ }
		others := func(db *gorm.DB, name string) error {
			on := db.Callback()
			return errors.Join(
				on.Create().Before("gorm:create").Register(name+":before_create", count),
				on.Create().After("gorm:create").Register(name+":after_create", count),
				on.Update().Before("*").Register(name+":before_update", count),
				on.Update().After("gorm:update").Register(name+":after_update", count),
				on.Delete().After("*").Register(name+":after_delete", count),
				on.Delete().Before("gorm:delete").Register(name+":before_delete", count),
			)
		}
		w := &world{TB: t, dialect: dialect, dsn: newDSN(t, dialect)}
		w.db = openDSN(t, dialect, w.dsn, nil)
		w.must(others(w.db, "earlier"))
		w.must(w.db.AutoMigrate(&Author{}, &Post{}))
		w.must(timakgorm.Migrate(t.Context(), w.db))
		w.timelines = timak.New(memstore.New(), nil)
		w.use(nil)
		w.must(others(w.db, "later"))
		w.seed()
		w.must(w.db.Model(&Post{}).Where("author_id = 1").Update("author_id", 3).Error)
		w.must(w.db.Delete(&Post{ID: 11}).Error)
		w.check()
		if calls == 0 {
			t.Error("the other plugins are not called")
		}
	})
}

// Odd has column names that are hard to write.
type Odd struct {
	ID   uint   `gorm:"column:id?"`
	Odd  string `gorm:"column:what?;uniqueIndex"`
	When time.Time
	Gone gorm.DeletedAt `gorm:"column:gone?"`

	_ timakgorm.Timeline `timak:"key=odd:{Odd}; date=When"`
}

// A question mark in a column's name is no parameter.
func TestColumnNames(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, setup{dialect: dialect, models: []any{&Odd{}}, tracked: []any{&Odd{}}})
		w.must(w.db.Create(&[]Odd{{Odd: "a", When: at(1)}, {Odd: "b", When: at(2)}, {Odd: "c", When: at(3)}}).Error)
		w.must(w.db.Model(&Odd{ID: 1}).Update("Odd", "d").Error)
		w.must(w.db.Delete(&Odd{}, 2).Error)
		w.must(w.db.Clauses(clause.OnConflict{
			Columns: []clause.Column{{Name: "what?"}}, DoUpdates: clause.Assignments(map[string]any{"what?": "e"}),
		}).Create(&Odd{Odd: "c", When: at(4)}).Error)
		w.wantIDs("odd:a")
		w.wantIDs("odd:b")
		w.wantIDs("odd:c")
		w.wantIDs("odd:d", "odds:1")
		w.wantIDs("odd:e", "odds:3")
	})
}

// A primary key is what the database makes of the value that it is given.
func TestKeyGivenAsText(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{dialect: "sqlite"}) // Postgres takes no text for a number
	w.seed()
	w.must(w.db.Model(&Post{ID: 10}).Update("id", "50").Error)
	w.must(w.db.Model(&Post{}).Create(map[string]any{"id": "60", "author_id": "1", "title": "t", "published": true, "created_at": at(9)}).Error)
	var pk string
	w.must(w.db.Table("timak_outbox").Where("new LIKE '%:60,%' OR new LIKE '%:60}'").Pluck("pk", &pk).Error)
	if pk != "[60]" {
		t.Errorf("got the key %s, want [60]", pk)
	}
	w.check()
}

// Zeroed is soft-deleted by any date but one.
type Zeroed struct {
	ID        uint
	Name      string
	CreatedAt time.Time
	DeletedAt gorm.DeletedAt `gorm:"zeroValue:1970-01-01 00:00:01;default:'1970-01-01 00:00:01'"`

	_ timakgorm.Timeline `timak:"key=zeroed"`
}

// Hidden has two soft deletes, of which GORM heeds the first.
type Hidden struct {
	ID        uint
	CreatedAt time.Time
	DeletedAt gorm.DeletedAt
	HiddenAt  gorm.DeletedAt

	_ timakgorm.Timeline `timak:"key=hidden"`
}

// itemsOf names the items of rows.
func itemsOf[T any](table string, rows []T, id func(T) uint) []string {
	var ids []string
	for _, row := range rows {
		ids = append(ids, fmt.Sprintf("%s:%d", table, id(row)))
	}
	return ids
}

// TestSoftDelete: what GORM hides is not on a timeline, and nothing else is.
func TestSoftDelete(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		models := []any{&Zeroed{}, &Hidden{}}
		w := newWorld(t, setup{dialect: dialect, models: models, tracked: models})
		w.must(w.db.Create(&[]Hidden{{CreatedAt: at(1)}, {CreatedAt: at(2)}}).Error)
		w.must(w.db.Delete(&Hidden{}, 1).Error)
		w.must(w.db.Model(&Hidden{ID: 2}).Update("hidden_at", at(3)).Error)
		var left []Hidden
		w.must(w.db.Find(&left).Error)
		w.wantIDs("hidden", itemsOf("hiddens", left, func(r Hidden) uint { return r.ID })...)

		zero := gorm.DeletedAt{Time: time.Date(1970, 1, 1, 0, 0, 1, 0, time.UTC), Valid: true}
		for _, row := range []Zeroed{
			{CreatedAt: at(1), DeletedAt: zero}, {CreatedAt: at(2)}, {CreatedAt: at(3), DeletedAt: gorm.DeletedAt{Time: at(4), Valid: true}},
		} {
			w.must(w.db.Create(&row).Error)
		}
		var seen []Zeroed
		w.must(w.db.Order("created_at DESC").Find(&seen).Error)
		if len(seen) == 0 {
			t.Error("GORM shows no row")
		}
		w.wantIDs("zeroed", itemsOf("zeroeds", seen, func(r Zeroed) uint { return r.ID })...)
		w.must(w.db.Delete(&Zeroed{}, 2).Error)
		seen = nil
		w.must(w.db.Order("created_at DESC").Find(&seen).Error)
		w.wantIDs("zeroed", itemsOf("zeroeds", seen, func(r Zeroed) uint { return r.ID })...)
	})
}
