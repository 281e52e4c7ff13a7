package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/timak-go/timak/examples/blog/internal/web"
)

// What was written when the session had ended is shown again after logging in, and is not
// published by itself.
func TestSession_ended(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	brett := s.visitor(t, "10.0.0.1")
	brett.signUp("brett")
	want(t, "write", brett.post("/write", "title", "first"), http.StatusSeeOther)
	const text = "a <b> & \"c\"\r\n  two\n"
	shown := strings.ReplaceAll("a &lt;b&gt; &amp; &#34;c&#34;\n  two\n", "\n", "\r\n")
	shown = strings.Replace(shown, "two\r\n", "two\n", 1)
	for _, test := range []struct {
		path   string
		fields []string
		want   []string
	}{
		{"/write", []string{"title", "My <title>", "body", text}, []string{"<h1>Write a post</h1>", `value="My &lt;title&gt;"`, shown}},
		{"/posts/1/edit", []string{"title", "new", "body", text}, []string{"<h1>Edit a post</h1>", `action="/posts/1/edit"`, `value="new"`, shown}},
		{"/posts/9/edit", []string{"title", "new", "body", text}, []string{"<h1>Write a post</h1>", `value="new"`, shown}},
		{"/posts/1/comments", []string{"body", text}, []string{`action="/posts/1/comments"`, shown}},
		{"/account", []string{"about", text}, []string{"<h1>Your account</h1>", shown}},
	} {
		delete(brett.cookies, "blog_session")
		asked := brett.post(test.path, test.fields...)
		want(t, test.path, asked, http.StatusUnauthorized, "your session has ended", `action="/login"`)
		wrong := brett.post("/login", append(hidden(asked), "name", "brett", "password", "wrong-one")...)
		want(t, test.path, wrong, http.StatusUnauthorized, "wrong name or password")
		back := brett.post("/login", append(hidden(wrong), "name", "brett", "password", "secret-of-brett")...)
		want(t, test.path, back, http.StatusOK, append(test.want, "What you wrote is here: send it.", "Log out")...)
	}
	want(t, "the front page", brett.get("/"), http.StatusOK, ">first</a>")
	if got := brett.get("/").Body.String(); strings.Contains(got, "My ") {
		t.Errorf("something was published by itself: %s", got)
	}
	delete(brett.cookies, "blog_session")
	want(t, "nothing to keep", brett.post("/posts/1/delete"), http.StatusUnauthorized, "log in first")
}

// Each action says what it has done, once.
func TestSaid(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	anna, brett := s.visitor(t, "10.0.0.2"), s.visitor(t, "10.0.0.1")
	anna.signUp("anna")
	for _, step := range []struct {
		path   string
		fields []string
		says   string
	}{
		{"/signup", []string{"name", "brett", "password", "secret-of-brett"}, "Welcome!"},
		{"/write", []string{"title", "t"}, "Published."},
		{"/write", []string{"title", "t", "draft", "yes"}, "Saved as a draft."},
		{"/posts/2/publish", nil, "Published."},
		{"/posts/2/draft", nil, "Saved as a draft."},
		{"/posts/1/edit", []string{"title", "t2"}, "Saved."},
		{"/posts/1/comments", []string{"body", "c"}, "Your comment is published."},
		{"/comments/1/delete", nil, "Your comment is deleted."},
		{"/users/anna/follow", nil, "You follow this author."},
		{"/users/anna/unfollow", nil, "You no longer follow this author."},
		{"/posts/1/delete", nil, "Deleted."},
		{"/account", []string{"about", "Hello"}, "Saved."},
		{"/account/password", []string{"old", "secret-of-brett", "password", "new-secret"}, "Your password is changed."},
		{"/logout", nil, "You are logged out."},
		{"/login", []string{"name", "brett", "password", "new-secret"}, "You are logged in."},
		{"/account/delete", []string{"password", "new-secret"}, "Your account is deleted."},
	} {
		said := `<p class="said" role="status">` + step.says
		answer := brett.post(step.path, step.fields...)
		want(t, step.path, brett.follow(answer), http.StatusOK, said)
		if again := brett.get(answer.Header().Get("Location")); strings.Contains(again.Body.String(), "said") {
			t.Errorf("%s: said twice", step.path)
		}
	}
	brett.cookies["blog_said"] = "<script>"
	if got := brett.get("/").Body.String(); strings.Contains(got, "said") {
		t.Errorf("what a cookie says is shown: %s", got)
	}
}

// After an error in a form the focus is on the field to correct, which names the error; or
// else on the error.
func TestFocus(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	brett, visitor := s.visitor(t, "10.0.0.1"), s.visitor(t, "10.0.0.2")
	brett.signUp("brett")
	want(t, "write", brett.post("/write", "title", "t"), http.StatusSeeOther)
	long := strings.Repeat("x", 50_001)
	for _, test := range []struct {
		name string
		got  *httptest.ResponseRecorder
		on   string
	}{
		{"no title", brett.post("/write", "title", " ", "body", "b"), `name="title"`},
		{"title that cannot be seen", brett.post("/posts/1/edit", "title", "\u200b"), `name="title"`},
		{"long body", brett.post("/write", "title", "t", "body", long), `name="body"`},
		{"no comment", brett.post("/posts/1/comments", "body", ""), `name="body"`},
		{"name taken", visitor.post("/signup", "name", "brett", "password", "12345678"), `name="name"`},
		{"bad name", visitor.post("/signup", "name", "a b", "password", "12345678"), `name="name"`},
		{"bad password", visitor.post("/signup", "name", "anna", "password", "1"), `name="password"`},
		{"wrong password", visitor.post("/login", "name", "brett", "password", "wrong-one"), `name="password"`},
		{"not the old password", brett.post("/account/password", "old", "wrong-one", "password", "12345678"), `name="old"`},
		{"bad new password", brett.post("/account/password", "old", "secret-of-brett", "password", "1"), `name="password"`},
		{"long about", brett.post("/account", "about", long), `name="about"`},
		{"leave", brett.post("/account/delete", "password", "wrong-one"), `name="password"`},
		{"session ended", visitor.post("/write", "title", "t"), `id="problem"`},
	} {
		page := test.got.Body.String()
		before, after, found := strings.Cut(page, "autofocus")
		element := before[strings.LastIndexByte(before, '<')+1:]
		if !found || strings.Contains(after, "autofocus") || !strings.Contains(element, test.on) {
			t.Errorf("%s: got the focus on <%s, want %s: %s", test.name, element, test.on, page)
		}
		if strings.HasPrefix(test.on, "name") && !strings.Contains(element, `aria-describedby="problem"`) || !strings.Contains(page, `id="problem" role="alert"`) {
			t.Errorf("%s: <%s does not name the error", test.name, element)
		}
	}
}

// What users say about themselves is on their pages.
func TestAccount_about(t *testing.T) {
	t.Parallel()
	s := newSite(t, web.Options{})
	brett := s.visitor(t, "10.0.0.1")
	brett.signUp("brett")
	want(t, "save", brett.post("/account", "about", "I write *a lot* <script>"), http.StatusSeeOther)
	want(t, "the page", s.visitor(t, "10.0.0.2").get("/users/brett"), http.StatusOK, "I write <em>a lot</em> &lt;script&gt;")
	want(t, "the form", brett.get("/account"), http.StatusOK, "I write *a lot* &lt;script&gt;")
}
