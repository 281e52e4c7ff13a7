package hooks_test

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
	"github.com/timak-go/timak/timakgorm/internal/world"
)

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
	panicking := []world.Operation{
		{Name: "a condition that panics", Run: func(db *gorm.DB) error {
			return db.Where(&explosiveExpression{}).Where("id = 10").Delete(&world.Post{}).Error
		}},
		{Name: "an update of a value, returning", Run: func(db *gorm.DB) error {
			_, err := gorm.G[world.Post](db, clause.Returning{}).Where("id = 10").Update(context.Background(), "title", "x")
			return err
		}},
		{Name: "a create of a value", Run: func(db *gorm.DB) error { return db.Create(world.Post{AuthorID: 1}).Error }},
	}
	for _, m := range []world.Mode{world.Modes[0], {Name: "no default transaction", Config: gorm.Config{SkipDefaultTransaction: true}, Run: world.Plainly}} {
		t.Run(m.Name, func(t *testing.T) {
			world.OnBoth(t, func(t *testing.T, dialect string) {
				config := m.Config
				w := world.New(t, world.Setup{Dialect: dialect, Config: &config})
				w.Seed()
				w.OneConnection()
				before := w.Posts()
				for _, op := range panicking {
					if err := op.Run(w.DB); err == nil {
						t.Errorf("%s: no error", op.Name)
					}
					ctx, cancel := context.WithTimeout(t.Context(), world.Patience)
					var n int64
					err := w.DB.WithContext(ctx).Model(&world.Post{}).Count(&n).Error
					cancel()
					if err != nil {
						t.Fatalf("after %s: %v", op.Name, err)
					}
				}
				if after := w.Posts(); after != before {
					t.Errorf("posts have changed:\n%s\n%s", before, after)
				}
				w.Check()
			})
		})
	}
}

// TestPanic_building: GORM's own transaction is GORM's to close, but one that
// the plugin opens is not open yet when GORM builds a statement.
func TestPanic_building(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect, Config: &gorm.Config{SkipDefaultTransaction: true}})
		w.Seed()
		w.OneConnection()
		func() {
			defer func() {
				if recover() == nil {
					t.Error("a condition that panics does not")
				}
			}()
			_ = w.DB.Where(&explosiveExpression{written: 1}).Delete(&world.Post{}).Error
		}()
		ctx, cancel := context.WithTimeout(t.Context(), world.Patience)
		defer cancel()
		w.Must(w.DB.WithContext(ctx).Model(&world.Post{}).Where("id = 10").Update("author_id", 2).Error)
		w.Check()
	})
}

// TestUse_order: where a callback of GORM's is missing that ours stand next to,
// db.Use fails; where it goes missing later, statements do, and are not
// committed.
func TestUse_order(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		db := world.OpenDB(t, dialect, nil)
		if err := db.Callback().Create().Remove("gorm:save_after_associations"); err != nil {
			t.Fatal(err)
		}
		plugin := world.NewPlugin(t)
		err := errors.Join(plugin.Register(&world.Post{}), db.Use(plugin))
		if want := "timakgorm: callbacks of create are out of order"; err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s…", err, want)
		}

		w := world.New(t, world.Setup{Dialect: dialect})
		w.Seed()
		w.OneConnection()
		w.Must(w.DB.Callback().Delete().Remove("gorm:after_delete"))
		before := w.Posts()
		if err := w.DB.Delete(&world.Post{}, 10).Error; !errors.Is(err, timakgorm.ErrUncaptured) {
			t.Errorf("got %v, want ErrUncaptured", err)
		}
		if after := w.Posts(); after != before {
			t.Errorf("posts have changed:\n%s\n%s", before, after)
		}
		w.Check()
	})
}

// TestUse_otherPlugins: callbacks of other plugins, registered before ours and
// after it, and next to GORM's, do not get in the way.
func TestUse_otherPlugins(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
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
		w := &world.World{TB: t, Dialect: dialect, DSN: world.NewDSN(t, dialect)}
		w.DB = world.OpenDSN(t, dialect, w.DSN, nil)
		w.Must(others(w.DB, "earlier"))
		w.Must(w.DB.AutoMigrate(&world.Author{}, &world.Post{}))
		w.Must(timakgorm.Migrate(t.Context(), w.DB))
		w.Timelines = timak.New(memstore.New(), nil)
		w.Use(nil)
		w.Must(others(w.DB, "later"))
		w.Seed()
		w.Must(w.DB.Model(&world.Post{}).Where("author_id = 1").Update("author_id", 3).Error)
		w.Must(w.DB.Delete(&world.Post{ID: 11}).Error)
		w.Check()
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
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect, Models: []any{&Odd{}}, Tracked: []any{&Odd{}}})
		w.Must(w.DB.Create(&[]Odd{{Odd: "a", When: world.At(1)}, {Odd: "b", When: world.At(2)}, {Odd: "c", When: world.At(3)}}).Error)
		w.Must(w.DB.Model(&Odd{ID: 1}).Update("Odd", "d").Error)
		w.Must(w.DB.Delete(&Odd{}, 2).Error)
		w.Must(w.DB.Clauses(clause.OnConflict{
			Columns: []clause.Column{{Name: "what?"}}, DoUpdates: clause.Assignments(map[string]any{"what?": "e"}),
		}).Create(&Odd{Odd: "c", When: world.At(4)}).Error)
		w.WantIDs("odd:a")
		w.WantIDs("odd:b")
		w.WantIDs("odd:c")
		w.WantIDs("odd:d", "odds:1")
		w.WantIDs("odd:e", "odds:3")
	})
}

// A primary key is what the database makes of the value that it is given.
func TestKeyGivenAsText(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "sqlite"}) // Postgres takes no text for a number
	w.Seed()
	w.Must(w.DB.Model(&world.Post{ID: 10}).Update("id", "50").Error)
	w.Must(w.DB.Model(&world.Post{}).Create(map[string]any{"id": "60", "author_id": "1", "title": "t", "published": true, "created_at": world.At(9)}).Error)
	var pk string
	w.Must(w.DB.Table("timak_outbox").Where("new LIKE '%:60,%' OR new LIKE '%:60}'").Pluck("pk", &pk).Error)
	if pk != "[60]" {
		t.Errorf("got the key %s, want [60]", pk)
	}
	w.Check()
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
	world.OnBoth(t, func(t *testing.T, dialect string) {
		models := []any{&Zeroed{}, &Hidden{}}
		w := world.New(t, world.Setup{Dialect: dialect, Models: models, Tracked: models})
		w.Must(w.DB.Create(&[]Hidden{{CreatedAt: world.At(1)}, {CreatedAt: world.At(2)}}).Error)
		w.Must(w.DB.Delete(&Hidden{}, 1).Error)
		w.Must(w.DB.Model(&Hidden{ID: 2}).Update("hidden_at", world.At(3)).Error)
		var left []Hidden
		w.Must(w.DB.Find(&left).Error)
		w.WantIDs("hidden", itemsOf("hiddens", left, func(r Hidden) uint { return r.ID })...)

		zero := gorm.DeletedAt{Time: time.Date(1970, 1, 1, 0, 0, 1, 0, time.UTC), Valid: true}
		for _, row := range []Zeroed{
			{CreatedAt: world.At(1), DeletedAt: zero}, {CreatedAt: world.At(2)}, {CreatedAt: world.At(3), DeletedAt: gorm.DeletedAt{Time: world.At(4), Valid: true}},
		} {
			w.Must(w.DB.Create(&row).Error)
		}
		var seen []Zeroed
		w.Must(w.DB.Order("created_at DESC").Find(&seen).Error)
		if len(seen) == 0 {
			t.Error("GORM shows no row")
		}
		w.WantIDs("zeroed", itemsOf("zeroeds", seen, func(r Zeroed) uint { return r.ID })...)
		w.Must(w.DB.Delete(&Zeroed{}, 2).Error)
		seen = nil
		w.Must(w.DB.Order("created_at DESC").Find(&seen).Error)
		w.WantIDs("zeroed", itemsOf("zeroeds", seen, func(r Zeroed) uint { return r.ID })...)
	})
}
