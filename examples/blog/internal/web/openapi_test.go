package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/web"
	"github.com/timak-go/timak/examples/blog/internal/web/limits"
)

// described is the API beside its description: each call is compared with it.
type described struct {
	t    *testing.T
	doc  *openapi3.T
	seen map[string]bool // "operation status"
}

func describe(t *testing.T) *described {
	t.Helper()
	text, err := os.ReadFile("api/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &described{t: t, doc: doc, seen: map[string]bool{}}
}

// each calls do with each operation of the description.
func (d *described) each(do func(path, method string, op *openapi3.Operation)) {
	for path, item := range d.doc.Paths.Map() {
		for method, op := range item.Operations() {
			do(path, method, op)
		}
	}
}

// call makes a call, "METHOD path body" with a token, and compares what was sent and what
// came back with the description.
func (d *described) call(s site, token, call string, status int) *httptest.ResponseRecorder {
	d.t.Helper()
	method, rest, _ := strings.Cut(call, " ")
	path, body, _ := strings.Cut(rest, " ")
	var headers []string
	if token != "" {
		headers = []string{"Authorization", "Bearer " + token}
	}
	got := s.ask(method, path, body, headers...)
	if got.Code != status {
		d.t.Fatalf("%.100s: got %d %.200s, want %d", call, got.Code, got.Body, status)
	}
	template := templateOf(s, method, path)
	op := d.doc.Paths.Value(template).GetOperation(method)
	d.compare(call, op, got)
	if status < 300 && op.RequestBody != nil {
		d.valid(call+", sent", op.RequestBody.Value.Content.Get("application/json").Schema.Value, []byte(body))
	}
	return got
}

// templateOf returns the path of a request as the description writes it.
func templateOf(s site, method, path string) string {
	e := s.handler.(*echo.Echo)
	c := e.NewContext(nil, nil)
	path, _, _ = strings.Cut(path, "?")
	e.Router().Find(method, path, c)
	return braced(c.Path())
}

func braced(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if name, is := strings.CutPrefix(part, ":"); is {
			parts[i] = "{" + name + "}"
		}
	}
	return strings.Join(parts, "/")
}

// compare fails the test unless an answer is as the description says.
func (d *described) compare(call string, op *openapi3.Operation, got *httptest.ResponseRecorder) {
	d.t.Helper()
	d.seen[fmt.Sprintf("%s %d", op.OperationID, got.Code)] = true
	response := op.Responses.Status(got.Code)
	if response == nil {
		d.t.Errorf("%.100s: %s does not describe %d", call, op.OperationID, got.Code)
		return
	}
	for name := range response.Value.Headers {
		if got.Header().Get(name) == "" {
			d.t.Errorf("%.100s: the answer has no %s", call, name)
		}
	}
	kind, _, _ := strings.Cut(got.Header().Get("Content-Type"), ";")
	content := response.Value.Content.Get(kind)
	switch {
	case content == nil && got.Body.Len() > 0:
		d.t.Errorf("%.100s: %s does not describe %s", call, op.OperationID, kind)
	case content != nil && kind == "application/json":
		d.valid(call, content.Schema.Value, got.Body.Bytes())
	}
}

func (d *described) valid(what string, schema *openapi3.Schema, text []byte) {
	d.t.Helper()
	var value any
	err := json.Unmarshal(text, &value)
	if err == nil {
		err = d.doc.ValidateSchemaJSON(schema, value, openapi3.EnableFormatValidation())
	}
	if err != nil {
		d.t.Errorf("%.100s: %v in %s", what, err, text)
	}
}

// The description has the routes of the API, and no others.
func TestOpenAPI_routes(t *testing.T) {
	t.Parallel()
	d, s := describe(t), newSite(t, web.Options{})
	var routes, paths []string
	for _, route := range s.handler.(*echo.Echo).Routes() {
		if strings.HasPrefix(route.Path, "/api/") && route.Method != http.MethodHead && route.Method != echo.RouteNotFound {
			routes = append(routes, route.Method+" "+braced(route.Path))
		}
	}
	d.each(func(path, method string, _ *openapi3.Operation) { paths = append(paths, method+" "+path) })
	slices.Sort(routes)
	slices.Sort(paths)
	if !slices.Equal(routes, paths) {
		t.Errorf("the routes are %q, the description has %q", routes, paths)
	}
	want(t, "the description", s.ask("GET", "/api/openapi.yaml", ""), http.StatusOK, "openapi: 3.1")
}

// What is sent and what comes back is what the description says: each answer that it names
// is seen, and no other.
func TestOpenAPI(t *testing.T) {
	t.Parallel()
	d, s := describe(t), newSite(t, web.Options{Limits: limits.Options{LoginBurst: 1000, NameBurst: 1000}})
	tokenOf := func(got *httptest.ResponseRecorder) string {
		var made struct{ Token string }
		if err := json.Unmarshal(got.Body.Bytes(), &made); err != nil || made.Token == "" {
			t.Fatalf("got %s, %v, want a token", got.Body, err)
		}
		return made.Token
	}
	brett := tokenOf(d.call(s, "", `POST /api/users {"name":"brett","password":"secret-1"}`, 201))
	anna := tokenOf(d.call(s, "", `POST /api/users {"name":"anna","password":"secret-2"}`, 201))
	second := tokenOf(d.call(s, "", `POST /api/login {"name":"BRETT","password":"secret-1"}`, 200))
	d.call(s, second, `POST /api/logout`, 204)
	d.call(s, second, `GET /api/users/me`, 401)
	for _, step := range []struct {
		token, call string
		status      int
	}{
		{"", `GET /api/openapi.yaml`, 200},
		{"", `POST /api/users {"name":"Brett","password":"secret-1"}`, 409},
		{"", `POST /api/users {"name":"b","password":"1"}`, 422},
		{"", `POST /api/login {"name":"brett","password":"wrong-one"}`, 401},
		{"", `POST /api/login {"name":1}`, 422},
		{brett, `GET /api/users/me`, 200},
		{brett, `PATCH /api/users/me {"about":"I *write*"}`, 200},
		{brett, `PATCH /api/users/me {}`, 200},
		{brett, `PATCH /api/users/me {"about":7}`, 422},
		{brett, `PUT /api/users/me/password {"old":"secret-1","password":"secret-3"}`, 204},
		{brett, `PUT /api/users/me/password {"old":"secret-1","password":"secret-4"}`, 422},
		{brett, `POST /api/posts {"title":"one","body":"**b**"}`, 201},
		{brett, `POST /api/posts {"title":"two","draft":true}`, 201},
		{brett, `POST /api/posts {"title":""}`, 422},
		{"", `GET /api/posts/1`, 200},
		{brett, `GET /api/posts/2`, 200},
		{anna, `GET /api/posts/2`, 404},
		{brett, `PATCH /api/posts/1 {"title":"eins"}`, 200},
		{brett, `PATCH /api/posts/1 {"title":""}`, 422},
		{anna, `PATCH /api/posts/1 {"title":"mine"}`, 403},
		{anna, `DELETE /api/posts/1`, 403},
		{brett, `GET /api/drafts`, 200},
		{anna, `POST /api/posts/1/comments {"body":"yes"}`, 201},
		{anna, `POST /api/posts/1/comments {"body":""}`, 422},
		{"", `GET /api/posts/1/comments?limit=5`, 200},
		{brett, `DELETE /api/comments/1`, 403},
		{anna, `PUT /api/users/brett/follow`, 204},
		{anna, `PUT /api/users/anna/follow`, 422},
		{"", `GET /api/users/brett/followers`, 200},
		{"", `GET /api/users/anna/following`, 200},
		{"", `GET /api/timeline`, 200},
		{anna, `GET /api/home?limit=1`, 200},
		{"", `GET /api/users/brett/posts`, 200},
		{anna, `DELETE /api/users/brett/follow`, 204},
		{anna, `DELETE /api/comments/1`, 204},
		{brett, `DELETE /api/posts/1`, 204},
		{anna, `DELETE /api/users/me {"password":"wrong-one"}`, 422},
	} {
		d.call(s, step.token, step.call, step.status)
	}
	d.mistakes(s, brett)
	d.call(s, brett, `DELETE /api/users/me {"password":"secret-3"}`, 204)
	d.floods()
	d.each(func(path, method string, op *openapi3.Operation) {
		for status := range op.Responses.Map() {
			if !d.seen[op.OperationID+" "+status] {
				t.Errorf("%s %s: no call was answered with %s", method, path, status)
			}
		}
	})
}

// mistakes makes the mistakes that can be made in all calls of a kind.
func (d *described) mistakes(s site, token string) {
	d.t.Helper()
	large := `{"about":"` + strings.Repeat("x", 1<<20) + `"}`
	d.each(func(template, method string, op *openapi3.Operation) {
		path := strings.NewReplacer("{id}", "999", "{name}", "nobody").Replace(template)
		call := method + " " + path
		if op.Security != nil {
			d.call(s, "no-such-token", call, 401)
		}
		if op.RequestBody != nil {
			caller := token
			if op.Security == nil {
				caller = ""
			}
			d.call(s, caller, call+" {", 400)
			d.call(s, caller, call+" "+large, 413)
		}
		if op.Parameters.GetByInAndName("query", "limit") != nil {
			d.call(s, token, strings.Replace(call, "nobody", "brett", 1)+"?limit=x", 400)
		}
		if path != template {
			d.call(s, token, call+` {"title":"t","body":"b"}`, 404)
		}
	})
}

// floods makes the calls that are bounded, each once too often.
func (d *described) floods() {
	d.t.Helper()
	s := newSite(d.t, web.Options{Limits: limits.Options{LoginBurst: 1, LoginsPerSecond: 1e-9, NameBurst: 1, NamesPerSecond: 1e-9, WritesPerMinute: 1}})
	brett := s.visitor(d.t, "10.0.0.1")
	brett.signUp("brett")
	token := brett.cookies["blog_session"]
	d.call(s, "", `POST /api/login {"name":"brett","password":"wrong-one"}`, 401)
	d.call(s, token, `DELETE /api/users/me {"password":"wrong-one"}`, 422)
	d.call(s, token, `POST /api/posts {"title":"t"}`, 201)
	for _, call := range []string{
		`POST /api/users {"name":"anna","password":"secret-1"}`, `POST /api/login {"name":"brett","password":"secret-1"}`,
		`POST /api/posts {"title":"t"}`, `PATCH /api/posts/1 {"title":"u"}`, `POST /api/posts/1/comments {"body":"c"}`,
		`DELETE /api/users/me {"password":"secret-1"}`, `PUT /api/users/me/password {"old":"secret-1","password":"secret-2"}`,
	} {
		d.call(s, token, call, 429)
	}
}
