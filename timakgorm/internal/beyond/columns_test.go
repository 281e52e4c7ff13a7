package beyond_test

import (
	"testing"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestPage_columns: to read on in a table takes the right to read the columns of its rules,
// and no others.
func TestPage_columns(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres", Engine: &timak.Options{MaxItems: 2}})
	for id := range uint(5) {
		w.Must(w.DB.Create(&world.Post{ID: id + 1, AuthorID: 1, Published: true, CreatedAt: world.At(int(id))}).Error)
	}
	w.Drain()
	role := w.Role("SELECT (id, author_id, title, published, created_at, deleted_at)")
	other := w.Another(nil)
	pool, err := other.DB.DB()
	w.Must(err)
	pool.SetMaxOpenConns(1)
	w.Must(other.DB.Exec("SET ROLE " + role).Error)
	page, err := other.Plugin.Page(t.Context(), "author:1:posts", timak.Query{Limit: 10})
	if err != nil || len(page.Items) != 5 {
		t.Errorf("got %d items, %v, want 5", len(page.Items), err)
	}
}
