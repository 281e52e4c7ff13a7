package pages

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/web/request"
)

// What a user has written when the session has ended is kept in the form to log in with, and
// is shown again, in the form that it was sent by, to the one who logs in. It is not sent by
// itself: it may be somebody else now.

// kept are the fields that are kept.
var kept = []string{"title", "body", "about"}

// resumed are the routes of forms that are kept, and what shows them again.
func (p *Pages) resumed() map[string]func(echo.Context, blog.User, url.Values) error {
	return map[string]func(echo.Context, blog.User, url.Values) error{
		"/write":              p.writeAgain,
		"/posts/:id/edit":     p.editAgain,
		"/posts/:id/comments": p.commentAgain,
		"/account":            p.aboutAgain,
	}
}

// field is a field of a form that is kept.
type field struct{ Name, Value string }

// logInFirst answers a form that was sent without a session.
func (p *Pages) logInFirst(c echo.Context) error {
	if p.resumed()[c.Path()] == nil {
		return blog.ErrSession
	}
	form := logInForm
	form.Next, form.Route, form.ID = "/", c.Path(), c.Param("id")
	for _, name := range kept {
		if value := c.FormValue(name); value != "" {
			form.Kept = append(form.Kept, field{name, value})
		}
	}
	return p.templates.render(c, http.StatusUnauthorized, "account", view{
		Problem: "your session has ended: log in, and go on with what you wrote", Page: form,
	})
}

// keep fills in what a form to log in with has kept.
func (form *accountForm) keep(c echo.Context) {
	form.Route, form.ID = c.FormValue("route"), c.FormValue("id")
	for _, name := range kept {
		if value := c.FormValue("kept_" + name); value != "" {
			form.Kept = append(form.Kept, field{name, value})
		}
	}
}

// resume shows what was kept to the user who has just logged in.
func (p *Pages) resume(c echo.Context, form accountForm, token string) error {
	again := p.resumed()[form.Route]
	if again == nil {
		return then(c, "logged-in", form.Next)
	}
	user, err := p.blog.Viewer(c.Request().Context(), token)
	if err != nil {
		return err
	}
	c.Set(viewerKey, &user)
	c.SetParamNames("id")
	c.SetParamValues(form.ID)
	written := url.Values{}
	for _, f := range form.Kept {
		written.Set(f.Name, f.Value)
	}
	return again(c, user, written)
}

// again is the view of a form that is shown again.
func again(page any) view { return view{Said: words["logged-in-to-send"], Page: page} }

func (p *Pages) writeAgain(c echo.Context, _ blog.User, written url.Values) error {
	page := again(blog.Post{Title: written.Get("title"), Body: written.Get("body")})
	return p.templates.render(c, http.StatusOK, "write", page)
}

// editAgain shows the text as that of a new post to somebody who may not edit the post.
func (p *Pages) editAgain(c echo.Context, user blog.User, written url.Values) error {
	post, err := p.ownPost(c, user)
	if errors.Is(err, blog.ErrNotFound) || errors.Is(err, blog.ErrForbidden) {
		return p.writeAgain(c, user, written)
	}
	if err != nil {
		return err
	}
	post.Title, post.Body = written.Get("title"), written.Get("body")
	return p.templates.render(c, http.StatusOK, "edit", again(post))
}

func (p *Pages) commentAgain(c echo.Context, _ blog.User, written url.Values) error {
	id, err := request.ID(c)
	if err != nil {
		return err
	}
	page, err := p.postPage(c, id)
	if err != nil {
		return err
	}
	page.Written = written.Get("body")
	return p.templates.render(c, http.StatusOK, "post", again(page))
}

func (p *Pages) aboutAgain(c echo.Context, _ blog.User, written url.Values) error {
	return p.templates.render(c, http.StatusOK, "settings", again(settingsPage{About: written.Get("about")}))
}
