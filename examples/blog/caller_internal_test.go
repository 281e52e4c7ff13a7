package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// caller is a program that uses the API, logged in or not.
type caller struct {
	t     *testing.T
	url   string
	token string
}

type answer struct {
	status int
	body   string
	header http.Header
}

// call sends a request. A body is sent if it is not empty.
func (c caller) call(method, path, body string) answer {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	return send(c.t, http.DefaultClient, request)
}

func send(t *testing.T, client *http.Client, request *http.Request) answer {
	t.Helper()
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, string(body), response.Header}
}

// want makes a call and fails the test unless the status is right. The answer is
// decoded into the given value, if it is not nil.
func (c caller) want(status int, method, path, body string, into any) {
	c.t.Helper()
	got := c.call(method, path, body)
	if got.status != status {
		c.t.Fatalf("%s %s %s: got %d %s, want %d", method, path, body, got.status, got.body, status)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal([]byte(got.body), into); err != nil {
		c.t.Fatalf("%s %s: %v in %s", method, path, err, got.body)
	}
}

// signUp creates a user and returns a caller that is logged in as that user.
func (b *running) signUp(t *testing.T, name string) caller {
	t.Helper()
	nobody := caller{t: t, url: b.url}
	var made struct{ Token string }
	nobody.want(http.StatusCreated, "POST", "/api/users", fmt.Sprintf(`{"name":%q,"password":"secret-of-%s"}`, name, name), &made)
	return caller{t: t, url: b.url, token: made.Token}
}

// made holds the fields of a post or a comment that tests look at.
type made struct {
	ID                  uint
	Author, Title, Body string
	Draft               bool
}

// write publishes a post.
func (c caller) write(title string) made {
	c.t.Helper()
	var post made
	c.want(http.StatusCreated, "POST", "/api/posts", fmt.Sprintf(`{"title":%q,"body":"Text of %s"}`, title, title), &post)
	return post
}

// timelinePage is a page of a timeline.
type timelinePage struct {
	Items []struct {
		ID   string
		At   string
		Data map[string]string
	}
	Next, Prev string
	More       bool
}

// texts returns one column of the items' data, in their order.
func (p timelinePage) texts(column string) string {
	texts := make([]string, len(p.Items))
	for i, item := range p.Items {
		texts[i] = item.Data[column]
	}
	return strings.Join(texts, " ")
}

// page reads a timeline.
func (c caller) page(path string) timelinePage {
	c.t.Helper()
	var page timelinePage
	c.want(http.StatusOK, "GET", path, "", &page)
	return page
}

// shows waits until a timeline's items have these texts, separated by spaces.
// Unless the machine is slow, they do at once.
func (c caller) shows(path, column, want string) {
	c.t.Helper()
	eventually(c.t, func() (bool, string) {
		got := c.page(path).texts(column)
		return got == want, fmt.Sprintf("%s has %q, want %q", path, got, want)
	})
}
