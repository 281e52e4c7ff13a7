package blog_test

import (
	"testing"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/timak"
)

// What earlier releases took is shown as it would be taken now, and an edit keeps it so.
func TestOlder(t *testing.T) {
	onEach(t, func(t *testing.T, w world) {
		ctx, b := t.Context(), w.open()
		brett, _, err := b.SignUp(ctx, "brett", "12345678", "")
		if err != nil {
			t.Fatal(err)
		}
		post := must(b.Write(ctx, brett, "t", "text", false))
		blank := must(b.Write(ctx, brett, "t", "text", true))
		comment := must(b.Comment(ctx, brett, post.ID, "c"))
		for _, err := range []error{
			w.db.Exec("UPDATE posts SET title = ?, body = ?, excerpt = ? WHERE id = ?", "ab\n\u202egpj\u202c ", "ab\u202egpj\n", "ab\u202egpj", post.ID).Error,
			w.db.Exec("UPDATE posts SET title = ? WHERE id = ?", "\u202e", blank.ID).Error,
			w.db.Exec("UPDATE comments SET body = ? WHERE id = ?", "ab\u202egpj", comment.ID).Error,
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if got := must(b.Post(ctx, &brett, post.ID)); got.Title != "ab gpj" || got.Body != "abgpj\n" {
			t.Errorf("the post: got %q, %q", got.Title, got.Body)
		}
		if got := site(t, b); got[0].Title != "ab gpj" || got[0].Excerpt != "abgpj" {
			t.Errorf("the list: got %q, %q", got[0].Title, got[0].Excerpt)
		}
		if got := must(b.Drafts(ctx, brett, timak.Query{})); got.Drafts[0].Title != "Untitled" {
			t.Errorf("the draft: got %q", got.Drafts[0].Title)
		}
		if got := must(b.Comments(ctx, must(b.CommentPage(ctx, post, timak.Query{})))); got[0].Body != "abgpj" {
			t.Errorf("the comment: got %q", got[0].Body)
		}
		body := "new"
		must(b.Edit(ctx, brett, post.ID, blog.PostEdit{Body: &body}))
		var stored string
		if err := w.db.Raw("SELECT title FROM posts WHERE id = ?", post.ID).Scan(&stored).Error; err != nil || stored != "ab gpj" {
			t.Errorf("after an edit: got %q, %v", stored, err)
		}
	})
}
