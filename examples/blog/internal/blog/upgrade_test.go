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

// oldPost is a post of the release before posts had a date of publication.
type oldPost struct {
	ID         uint
	AuthorID   uint   `gorm:"not null;index"`
	AuthorName string `gorm:"size:32;not null"`
	Title      string `gorm:"not null"`
	Body       string `gorm:"not null"`
	Draft      bool   `gorm:"not null"`
	CreatedAt  time.Time
	UpdatedAt  time.Time
	DeletedAt  gorm.DeletedAt `gorm:"index"`

	_ timakgorm.Timeline `timak:"key=author:{AuthorID}:posts; when=!Draft; data=Title,AuthorName"`
	_ timakgorm.Timeline `timak:"key=site:posts; when=!Draft; data=Title,AuthorName"`
	_ timakgorm.Timeline `timak:"key=user:{AuthorID}:home; source=own; when=!Draft; data=Title,AuthorName"`
}

func (oldPost) TableName() string { return "posts" }

// A blog of an earlier release goes on: what was published keeps its date, and the timelines
// match the tables without a rebuild. If changes wait, the blog does not start, and leaves
// the tables to that release.
func TestUpgrade(t *testing.T) {
	onEach(t, func(t *testing.T, w world) {
		ctx := t.Context()
		plugin := must(timakgorm.New(w.timelines, nil))
		if err := w.db.AutoMigrate(&oldPost{}); err != nil {
			t.Fatal(err)
		}
		if err := timakgorm.Migrate(ctx, w.db); err != nil {
			t.Fatal(err)
		}
		if err := plugin.Register(&oldPost{}); err != nil {
			t.Fatal(err)
		}
		if err := w.db.Use(plugin); err != nil {
			t.Fatal(err)
		}
		date := time.Date(2024, 5, 6, 7, 8, 9, 123456000, time.UTC)
		write := func(title string, draft bool) oldPost {
			date = date.Add(time.Hour)
			post := oldPost{AuthorID: 1, AuthorName: "brett", Title: title, Body: "**text** of " + title, Draft: draft, CreatedAt: date}
			if err := w.db.Create(&post).Error; err != nil {
				t.Fatal(err)
			}
			return post
		}
		first := write("first", false)
		draft := write("draft", true)
		removed := write("removed", false)
		if err := plugin.Drain(ctx); err != nil {
			t.Fatal(err)
		}
		write("pending", false)
		if err := w.db.Delete(&removed).Error; err != nil {
			t.Fatal(err)
		}
		if err := w.db.Model(&first).Update("title", "edited").Error; err != nil {
			t.Fatal(err)
		}

		_, err := blog.Open(ctx, w.connect(), w.timelines, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), "3 changes of posts wait since an earlier release: start that release once more") {
			t.Errorf("while changes wait: got %v", err)
		}
		if w.db.Migrator().HasColumn("posts", "published_at") {
			t.Error("while changes wait: the tables were changed")
		}
		if err := plugin.Drain(ctx); err != nil {
			t.Fatal(err)
		}

		for range 2 { // a second start has nothing to do
			b := w.open()
			posts := site(t, b)
			if len(posts) != 2 || posts[0].Title != "pending" || posts[1].Title != "edited" {
				t.Fatalf("got %+v, want pending and edited", posts)
			}
			if got := posts[1]; got.PublishedAt == nil || !got.PublishedAt.Equal(first.CreatedAt) || got.EditedAt != nil || got.Excerpt != "text of first" {
				t.Errorf("got %+v, want the date %v and an excerpt", got, first.CreatedAt)
			}
			report := must(b.Verify(ctx, timakgorm.VerifyOptions{}))
			if !report.Clean() || report.Found() > 0 {
				t.Errorf("the timelines do not match the tables: %+v", report)
			}
		}
		var row map[string]any
		if err := w.connect().Table("posts").Where("id = ?", draft.ID).Take(&row).Error; err != nil || row["published_at"] != nil {
			t.Errorf("the draft: got %v, %v, want no date of publication", row, err)
		}
		page := must(w.timelines.Page(ctx, "user:1:home", timak.Query{}))
		if len(page.Items) != 2 || !strings.Contains(string(page.Items[1].Data), "edited") {
			t.Errorf("the home: got %+v", page.Items)
		}
	})
}
