package pages

import (
	"cmp"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/markdown"
	"github.com/timak-go/timak/examples/blog/internal/web/feeds"
	"github.com/timak-go/timak/examples/blog/internal/web/request"
)

// postPage is a post with a page of its comments.
type postPage struct {
	Post         blog.Post
	Mine         bool
	Comments     []blog.Comment
	Written      string // a comment that must be corrected
	Newer, Older string // cursors of comments
	Path         string // of the post, which is not that of a form that is shown again
}

func (p *Pages) post(c echo.Context) error {
	id, err := request.ID(c)
	if err != nil {
		return err
	}
	page, err := p.postPage(c, id)
	if err != nil {
		return err
	}
	return p.templates.render(c, http.StatusOK, "post", view{Page: page, Head: postHead(page.Post)})
}

func postHead(post blog.Post) head {
	if post.Draft {
		return head{}
	}
	return head{
		Path:        postPath(post.ID),
		Title:       post.Title,
		Description: cmp.Or(markdown.Shorten(post.Excerpt, descriptionLength), "A post by "+post.AuthorName+"."),
		Type:        "article",
		Published:   post.PublishedAt,
		Feed:        feeds.OfAuthor(post.AuthorName),
		FeedTitle:   "Posts by " + post.AuthorName,
	}
}

func (p *Pages) postPage(c echo.Context, id uint) (postPage, error) {
	ctx, viewer := c.Request().Context(), viewer(c)
	post, err := p.blog.Post(ctx, viewer, id)
	if err != nil {
		return postPage{}, err
	}
	page, err := p.blog.CommentPage(ctx, post, pageQuery(c))
	if err != nil {
		return postPage{}, err
	}
	comments, err := p.blog.Comments(ctx, page)
	if err != nil {
		return postPage{}, err
	}
	newer, older := links(page)
	mine := viewer != nil && viewer.ID == post.AuthorID
	return postPage{Post: post, Mine: mine, Comments: comments, Newer: newer, Older: older, Path: postPath(id)}, nil
}

func (p *Pages) writeComment(c echo.Context, author blog.User) error {
	id, err := request.ID(c)
	if err != nil {
		return err
	}
	written := c.FormValue("body")
	if err = p.limits.Write(author); err == nil {
		_, err = p.blog.Comment(c.Request().Context(), author, id, written)
	}
	if err == nil {
		return toPost(c, id, "commented")
	}
	page, pageErr := p.postPage(c, id)
	if pageErr != nil {
		return pageErr
	}
	page.Written = written
	return p.formAgain(c, "post", page, err)
}

func (p *Pages) deleteComment(c echo.Context, author blog.User) error {
	id, err := request.ID(c)
	if err != nil {
		return err
	}
	deleted, err := p.blog.DeleteComment(c.Request().Context(), author, id)
	if err != nil {
		return err
	}
	return toPost(c, deleted.PostID, "comment-deleted")
}
