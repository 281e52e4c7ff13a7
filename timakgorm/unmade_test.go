package timakgorm_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestPage_unmade: an empty page of a key that no rule makes is said, once, with the keys
// that rules make; a page of their keys is not, nor one of a timeline of the application's
// own.
func TestPage_unmade(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	type Fan struct{ ID uint }
	fan := timakgorm.Track[Fan](timakgorm.Rule{Subscribes: true, Audience: "fans", Key: "fan:{ID}", Source: "all"})
	w := world.New(t, world.Setup{
		Dialect: "sqlite", Models: []any{&world.Post{}, &Sticker{}, &Fan{}}, Tracked: []any{&world.Post{}, &Sticker{}, fan},
		Options: &timakgorm.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))},
	})
	_, err := w.Timelines.Add(t.Context(), "own", timak.Item{ID: "1"})
	w.Must(err)
	for _, key := range []string{"site:posts", "author:7:posts", "fan:3", "own"} {
		_, err := w.Plugin.Page(t.Context(), key, timak.Query{})
		w.Must(err)
	}
	if log.Len() > 0 {
		t.Errorf("logged %s", &log)
	}
	for range 2 {
		_, err = w.Plugin.Page(t.Context(), "authors:7:posts", timak.Query{})
		w.Must(err)
	}
	want := `no rule makes, and found nothing; this is said once" key=authors:7:posts rules="author:{AuthorID}:posts, fan:{ID}, site:posts, stickers"`
	if got := log.String(); strings.Count(got, "no rule makes") != 1 || !strings.Contains(got, want) {
		t.Errorf("logged %s, want %s", got, want)
	}
}
