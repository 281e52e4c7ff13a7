package timakgorm_test

import (
	"errors"
	"testing"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// TestTranslateError: GORM knows what a followed statement fails of, as without
// us.
func TestTranslateError(t *testing.T) {
	t.Parallel()
	swap := gorm.Expr("CASE id WHEN 11 THEN 77 ELSE 10 END")
	cases := []operation{
		{"a create", func(db *gorm.DB) error { return db.Create(&Listing{ID: 10, Slug: new("new")}).Error }},
		{"a create with a key of the database", func(db *gorm.DB) error { return db.Create(&Listing{Slug: new("s10")}).Error }},
		{"an upsert", func(db *gorm.DB) error {
			return db.Clauses(setting(onConflict("id"), "title")).Create(&Listing{ID: 60, Slug: new("s10")}).Error
		}},
		{"an upsert of several", func(db *gorm.DB) error {
			return db.Clauses(setting(onConflict("id"), "title")).Create(&[]Listing{{ID: 60, Slug: new("n")}, {ID: 61, Slug: new("s10")}}).Error
		}},
		{"an upsert by another column", func(db *gorm.DB) error {
			return db.Clauses(setting(onConflict("slug"), "title")).Create(&[]Listing{{ID: 60, Slug: new("n")}, {ID: 10, Slug: new("m")}}).Error
		}},
		{"a map", func(db *gorm.DB) error {
			return db.Model(&Listing{}).Create(map[string]any{"slug": "s10"}).Error
		}},
		{"an update of a key", func(db *gorm.DB) error {
			return db.Model(&Listing{}).Where("id IN (11, 12)").Update("id", swap).Error
		}},
		{"an update of a key, returned", func(db *gorm.DB) error {
			return db.Model(&Listing{}).Clauses(clause.Returning{}).Where("id IN (11, 12)").Update("id", swap).Error
		}},
		{"an update of another column", func(db *gorm.DB) error { return db.Model(&Listing{ID: 11}).Update("slug", "s10").Error }},
	}
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, setup{
			dialect: dialect, config: &gorm.Config{TranslateError: true},
			models: []any{&Listing{}}, tracked: []any{&Listing{}},
		})
		for id, slug := range []string{"s10", "s11", "s12"} {
			w.must(w.db.Create(&Listing{ID: uint(10 + id), Slug: &slug, Shop: new(uint(1)), Title: "t"}).Error)
		}
		for _, c := range cases {
			if err := c.run(w.db); !errors.Is(err, gorm.ErrDuplicatedKey) {
				t.Errorf("%s: got %T: %v; want gorm.ErrDuplicatedKey", c.name, err, err)
			}
		}
		w.drain()
		w.wantDifferences()
	})
}
