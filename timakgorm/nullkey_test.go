package timakgorm_test

import (
	"errors"
	"fmt"
	"testing"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
)

// TestNullKeys: SQLite takes rows without a primary key. A statement about one is
// refused, as nobody finds it again by its key.
func TestNullKeys(t *testing.T) {
	t.Parallel()
	for _, others := range []int{1, 300} { // few are taken out, many stay
		w := newWorld(t, setup{dialect: "sqlite", models: []any{&Leaflet{}}, tracked: []any{&Leaflet{}}})
		var leaflets []Leaflet
		for i := range others {
			leaflets = append(leaflets, Leaflet{Slug: fmt.Sprint("s", i), Section: "x", CreatedAt: at(i)})
		}
		w.must(w.db.Create(&leaflets).Error)
		nameless := func(section string) map[string]any {
			return map[string]any{"slug": nil, "section": section, "created_at": at(1)}
		}
		if err := w.db.Model(&Leaflet{}).Create(nameless("x")).Error; !errors.Is(err, timakgorm.ErrUncaptured) {
			t.Errorf("create: got %v, want ErrUncaptured", err)
		}
		_, err := w.stranger().ExecContext(t.Context(), "INSERT INTO leaflets (slug, section, created_at) VALUES (NULL, 'x', '2026-01-01')")
		w.must(err)
		for name, change := range map[string]func() *gorm.DB{
			"update":       func() *gorm.DB { return w.db.Model(&Leaflet{}).Where("section = 'x'").Update("section", "y") },
			"delete":       func() *gorm.DB { return w.db.Where("section = 'x'").Delete(&Leaflet{}) },
			"update a key": func() *gorm.DB { return w.db.Model(&Leaflet{}).Where("slug = 's0'").Update("slug", nil) },
		} {
			got := change()
			if !errors.Is(got.Error, timakgorm.ErrUncaptured) {
				t.Errorf("%s of %d: got %d rows, %v; want ErrUncaptured", name, others, got.RowsAffected, got.Error)
			}
			w.drain()
			if n := len(w.ids("section:x:leaflets")); n != others || w.count("leaflets") != int64(others+1) {
				t.Errorf("%s of %d: %d are on the timeline, %d rows", name, others, n, w.count("leaflets"))
			}
		}
		w.must(timakgorm.Exec(w.db, timakgorm.Rows(&Leaflet{}, "slug IS NULL OR slug = 'named'"), "UPDATE leaflets SET slug = 'named' WHERE slug IS NULL"))
		w.must(w.db.Model(&Leaflet{}).Where("section = 'x'").Update("section", "y").Error)
		w.drain()
		if n := len(w.ids("section:y:leaflets")); n != others+1 {
			t.Errorf("%d are on the timeline, want %d", n, others+1)
		}
	}
}
