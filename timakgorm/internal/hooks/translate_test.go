package hooks_test

import (
	"errors"
	"testing"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestTranslateError: GORM knows what a followed statement fails of, as without
// us.
func TestTranslateError(t *testing.T) {
	t.Parallel()
	swap := gorm.Expr("CASE id WHEN 11 THEN 77 ELSE 10 END")
	cases := []world.Operation{
		{Name: "a create", Run: func(db *gorm.DB) error { return db.Create(&world.Listing{ID: 10, Slug: new("new")}).Error }},
		{Name: "a create with a key of the database", Run: func(db *gorm.DB) error { return db.Create(&world.Listing{Slug: new("s10")}).Error }},
		{Name: "an upsert", Run: func(db *gorm.DB) error {
			return db.Clauses(world.Setting(world.OnConflict("id"), "title")).Create(&world.Listing{ID: 60, Slug: new("s10")}).Error
		}},
		{Name: "an upsert of several", Run: func(db *gorm.DB) error {
			return db.Clauses(world.Setting(world.OnConflict("id"), "title")).Create(&[]world.Listing{{ID: 60, Slug: new("n")}, {ID: 61, Slug: new("s10")}}).Error
		}},
		{Name: "an upsert by another column", Run: func(db *gorm.DB) error {
			return db.Clauses(world.Setting(world.OnConflict("slug"), "title")).Create(&[]world.Listing{{ID: 60, Slug: new("n")}, {ID: 10, Slug: new("m")}}).Error
		}},
		{Name: "a map", Run: func(db *gorm.DB) error {
			return db.Model(&world.Listing{}).Create(map[string]any{"slug": "s10"}).Error
		}},
		{Name: "an update of a key", Run: func(db *gorm.DB) error {
			return db.Model(&world.Listing{}).Where("id IN (11, 12)").Update("id", swap).Error
		}},
		{Name: "an update of a key, returned", Run: func(db *gorm.DB) error {
			return db.Model(&world.Listing{}).Clauses(clause.Returning{}).Where("id IN (11, 12)").Update("id", swap).Error
		}},
		{Name: "an update of another column", Run: func(db *gorm.DB) error { return db.Model(&world.Listing{ID: 11}).Update("slug", "s10").Error }},
	}
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{
			Dialect: dialect, Config: &gorm.Config{TranslateError: true},
			Models: []any{&world.Listing{}}, Tracked: []any{&world.Listing{}},
		})
		for id, slug := range []string{"s10", "s11", "s12"} {
			w.Must(w.DB.Create(&world.Listing{ID: uint(10 + id), Slug: &slug, Shop: new(uint(1)), Title: "t"}).Error)
		}
		for _, c := range cases {
			if err := c.Run(w.DB); !errors.Is(err, gorm.ErrDuplicatedKey) {
				t.Errorf("%s: got %T: %v; want gorm.ErrDuplicatedKey", c.Name, err, err)
			}
		}
		w.Drain()
		w.WantDifferences()
	})
}
