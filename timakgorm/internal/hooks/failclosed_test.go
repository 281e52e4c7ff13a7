package hooks_test

import (
	"testing"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestOutboxFails: a write whose changes cannot be recorded does not take
// place, in whatever kind of transaction.
func TestOutboxFails(t *testing.T) {
	t.Parallel()
	writes := []world.Operation{
		{Name: "create", Run: func(db *gorm.DB) error { return db.Create(&world.Post{AuthorID: 1, Published: true}).Error }},
		{Name: "create two", Run: func(db *gorm.DB) error {
			return db.Create(&[]world.Post{{AuthorID: 1, Published: true}, {ID: 80, AuthorID: 2}}).Error
		}},
		{Name: "update", Run: func(db *gorm.DB) error {
			return db.Model(&world.Post{}).Where("author_id = 1").Update("author_id", 3).Error
		}},
		{Name: "delete", Run: func(db *gorm.DB) error { return db.Delete(&world.Post{}, 10).Error }},
		{Name: "delete for good", Run: func(db *gorm.DB) error { return db.Unscoped().Delete(&world.Post{}, 10).Error }},
		{Name: "create with an author", Run: func(db *gorm.DB) error {
			return db.Create(&world.Author{Name: "eve", Posts: []world.Post{{Title: "of eve", Published: true}}}).Error
		}},
	}
	world.OnBoth(t, func(t *testing.T, dialect string) {
		for _, m := range world.Modes {
			config := m.Config
			w := world.New(t, world.Setup{Dialect: dialect, Config: &config})
			w.Seed()
			w.Check()
			before := w.Posts()
			w.Must(w.DB.Exec("ALTER TABLE timak_outbox RENAME TO timak_away").Error)
			for _, write := range writes {
				if err := m.Run(w.DB, write.Run); err == nil {
					t.Errorf("%s, %s: no error without an outbox", write.Name, m.Name)
				}
				if after := w.Posts(); after != before {
					t.Fatalf("%s, %s: the table has changed:\n%s\n%s", write.Name, m.Name, before, after)
				}
			}
			w.Must(w.DB.Exec("ALTER TABLE timak_away RENAME TO timak_outbox").Error)
			w.Must(m.Run(w.DB, func(db *gorm.DB) error { return db.Delete(&world.Post{}, 10).Error }))
			w.Check()
		}
	})
}
