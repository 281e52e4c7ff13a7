package timakgorm_test

import (
	"slices"
	"testing"
	"time"

	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestWatch_unlinked: a program without pgxlisten, such as this test, looks from time to time.
func TestWatch_unlinked(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres", Options: world.Quick()})
	other := w.Another(nil)
	told, err := w.Plugin.Watch(t.Context(), "author:1:posts")
	w.Must(err)
	<-told
	w.Must(w.DB.Create(&world.Post{ID: 1, AuthorID: 1, Published: true, CreatedAt: world.At(1)}).Error)
	other.Drain()
	for late := time.After(world.Patience); !slices.Contains(w.IDs("author:1:posts"), "posts:1"); {
		select {
		case <-told:
		case <-late:
			t.Fatal("told of nothing")
		}
	}
	for range 3 { // and again, as it cannot know better
		<-told
	}
}
