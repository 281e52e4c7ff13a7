package timakgorm_test

import (
	"testing"

	"gorm.io/gorm"
)

// TestOutboxFails: a write whose changes cannot be recorded does not take
// place, in whatever kind of transaction.
func TestOutboxFails(t *testing.T) {
	t.Parallel()
	writes := []operation{
		{"create", func(db *gorm.DB) error { return db.Create(&Post{AuthorID: 1, Published: true}).Error }},
		{"create two", func(db *gorm.DB) error {
			return db.Create(&[]Post{{AuthorID: 1, Published: true}, {ID: 80, AuthorID: 2}}).Error
		}},
		{"update", func(db *gorm.DB) error { return db.Model(&Post{}).Where("author_id = 1").Update("author_id", 3).Error }},
		{"delete", func(db *gorm.DB) error { return db.Delete(&Post{}, 10).Error }},
		{"delete for good", func(db *gorm.DB) error { return db.Unscoped().Delete(&Post{}, 10).Error }},
		{"create with an author", func(db *gorm.DB) error {
			return db.Create(&Author{Name: "eve", Posts: []Post{{Title: "of eve", Published: true}}}).Error
		}},
	}
	onBoth(t, func(t *testing.T, dialect string) {
		for _, m := range modes {
			config := m.config
			w := newWorld(t, setup{dialect: dialect, config: &config})
			w.seed()
			w.check()
			before := w.posts()
			w.must(w.db.Exec("ALTER TABLE timak_outbox RENAME TO timak_away").Error)
			for _, write := range writes {
				if err := m.run(w.db, write.run); err == nil {
					t.Errorf("%s, %s: no error without an outbox", write.name, m.name)
				}
				if after := w.posts(); after != before {
					t.Fatalf("%s, %s: the table has changed:\n%s\n%s", write.name, m.name, before, after)
				}
			}
			w.must(w.db.Exec("ALTER TABLE timak_away RENAME TO timak_outbox").Error)
			w.must(m.run(w.db, func(db *gorm.DB) error { return db.Delete(&Post{}, 10).Error }))
			w.check()
		}
	})
}
