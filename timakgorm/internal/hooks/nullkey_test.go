package hooks_test

import (
	"errors"
	"fmt"
	"testing"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestNullKeys: SQLite takes rows without a primary key. A statement about one is
// refused, as nobody finds it again by its key.
func TestNullKeys(t *testing.T) {
	t.Parallel()
	for _, others := range []int{1, 300} { // few are taken out, many stay
		w := world.New(t, world.Setup{Dialect: "sqlite", Models: []any{&world.Leaflet{}}, Tracked: []any{&world.Leaflet{}}})
		var leaflets []world.Leaflet
		for i := range others {
			leaflets = append(leaflets, world.Leaflet{Slug: fmt.Sprint("s", i), Section: "x", CreatedAt: world.At(i)})
		}
		w.Must(w.DB.Create(&leaflets).Error)
		nameless := func(section string) map[string]any {
			return map[string]any{"slug": nil, "section": section, "created_at": world.At(1)}
		}
		if err := w.DB.Model(&world.Leaflet{}).Create(nameless("x")).Error; !errors.Is(err, timakgorm.ErrUncaptured) {
			t.Errorf("create: got %v, want ErrUncaptured", err)
		}
		_, err := w.Stranger().ExecContext(t.Context(), "INSERT INTO leaflets (slug, section, created_at) VALUES (NULL, 'x', '2026-01-01')")
		w.Must(err)
		for name, change := range map[string]func() *gorm.DB{
			"update":       func() *gorm.DB { return w.DB.Model(&world.Leaflet{}).Where("section = 'x'").Update("section", "y") },
			"delete":       func() *gorm.DB { return w.DB.Where("section = 'x'").Delete(&world.Leaflet{}) },
			"update a key": func() *gorm.DB { return w.DB.Model(&world.Leaflet{}).Where("slug = 's0'").Update("slug", nil) },
		} {
			got := change()
			if !errors.Is(got.Error, timakgorm.ErrUncaptured) {
				t.Errorf("%s of %d: got %d rows, %v; want ErrUncaptured", name, others, got.RowsAffected, got.Error)
			}
			w.Drain()
			if n := len(w.IDs("section:x:leaflets")); n != others || w.Count("leaflets") != int64(others+1) {
				t.Errorf("%s of %d: %d are on the timeline, %d rows", name, others, n, w.Count("leaflets"))
			}
		}
		w.Must(timakgorm.Exec(w.DB, timakgorm.Rows(&world.Leaflet{}, "slug IS NULL OR slug = 'named'"), "UPDATE leaflets SET slug = 'named' WHERE slug IS NULL"))
		w.Must(w.DB.Model(&world.Leaflet{}).Where("section = 'x'").Update("section", "y").Error)
		w.Drain()
		if n := len(w.IDs("section:y:leaflets")); n != others+1 {
			t.Errorf("%d are on the timeline, want %d", n, others+1)
		}
	}
}
