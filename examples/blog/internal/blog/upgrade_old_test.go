package blog_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
)

// installOld makes a connection that of the release before posts had a date of publication.
func (w *world) installOld(db *gorm.DB) *timakgorm.Plugin {
	w.t.Helper()
	plugin := must(timakgorm.New(w.timelines, nil))
	for _, err := range []error{
		db.AutoMigrate(&oldPost{}), timakgorm.Migrate(w.t.Context(), db), plugin.Register(&oldPost{}), db.Use(plugin),
	} {
		if err != nil {
			w.t.Fatal(err)
		}
	}
	return plugin
}

// A release without dates of publication that runs beside this one, or after it, loses
// nothing in silence: it cannot publish, and what it leaves in the outbox is refused.
func TestUpgrade_oldBeside(t *testing.T) {
	onEach(t, func(t *testing.T, w world) {
		ctx := t.Context()
		old := w.connect()
		plugin := w.installOld(old)
		date := time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)
		first := oldPost{AuthorID: 1, AuthorName: "brett", Title: "first", CreatedAt: date}
		gone := oldPost{AuthorID: 1, AuthorName: "brett", Title: "gone", CreatedAt: date}
		draft := oldPost{AuthorID: 1, AuthorName: "brett", Title: "draft", Draft: true}
		for _, post := range []*oldPost{&first, &gone, &draft} {
			if err := old.Create(post).Error; err != nil {
				t.Fatal(err)
			}
		}
		if err := plugin.Drain(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := blog.Open(ctx, w.connect(), w.timelines, slog.New(slog.DiscardHandler)); err != nil { // and its relay does not run
			t.Fatal(err)
		}

		plugin = w.installOld(w.connect())
		for what, err := range map[string]error{
			"write":   old.Create(&oldPost{AuthorID: 1, AuthorName: "brett", Title: "lost"}).Error,
			"publish": old.Model(&draft).Update("draft", false).Error,
		} {
			if err == nil || !strings.Contains(err.Error(), "posts_published") {
				t.Errorf("%s by the old release: got %v, want an error that names posts_published", what, err)
			}
		}
		for _, err := range []error{
			old.Create(&oldPost{AuthorID: 1, AuthorName: "brett", Title: "another draft", Draft: true}).Error,
			old.Model(&first).Update("title", "edited").Error,
			old.Delete(&gone).Error,
		} {
			if err != nil {
				t.Errorf("what needs no date, by the old release: %v", err)
			}
		}

		const want = "changes of posts wait since an earlier release: start that release once more"
		if _, err := blog.Open(ctx, w.connect(), w.timelines, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("while changes of the old release wait: got %v", err)
		}
		if err := plugin.Drain(ctx); err != nil {
			t.Fatal(err)
		}
		if err := old.Exec(`INSERT INTO timak_dead (id, version, tbl, pk, old, new, error) VALUES (1000, 1, 'posts', '[9]', '{"id":9,"draft":false}', NULL, 'x')`).Error; err != nil {
			t.Fatal(err)
		}
		var logged strings.Builder
		b, err := blog.Open(ctx, w.connect(), w.timelines, slog.New(slog.NewTextHandler(&logged, nil)))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(logged.String(), "blog rebuild") || !strings.Contains(logged.String(), "changes=1") {
			t.Errorf("of a dead letter of the old release: logged %q", logged.String())
		}
		if report := must(b.Verify(ctx, timakgorm.VerifyOptions{})); !report.Clean() || report.Found() > 0 {
			t.Errorf("the timelines do not match the tables: %+v", report)
		}
		page := must(w.timelines.Page(ctx, "site:posts", timak.Query{}))
		if len(page.Items) != 1 || !strings.Contains(string(page.Items[0].Data), "edited") {
			t.Errorf("the site: got %+v", page.Items)
		}
	})
}
