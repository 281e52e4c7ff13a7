package pgstore_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
)

// TestDoc_queries runs the SQL of the package documentation, on a table with all that an
// engine writes: also the places that readers have seen, whose keys begin with a NUL.
func TestDoc_queries(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	timelines := timak.New(open(t, dsn, nil), nil)
	const key = "author:7:posts"
	for _, written := range []string{key, "tag:ÿ:posts"} {
		if _, err := timelines.Add(t.Context(), written, timak.Item{ID: "1", At: time.Unix(1, 0)}); err != nil {
			t.Fatal(err)
		}
		page, err := timelines.Page(t.Context(), written, timak.Query{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		if err := timelines.MarkSeen(t.Context(), written, page.Prev); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	statements := regexp.MustCompile(`(?m)^//\t((?:SELECT|DELETE) .*(?:\n//\t.*)*)`).FindAllStringSubmatch(string(text), -1)
	if len(statements) != 3 {
		t.Fatalf("the documentation has %d statements", len(statements))
	}
	conn := connect(t, dsn)
	for _, statement := range statements {
		sql := strings.ReplaceAll(statement[1], "\n//\t", "\n")
		if tag, err := conn.Exec(t.Context(), sql); err != nil || tag.RowsAffected() == 0 {
			t.Errorf("%s: %v, %v", sql, tag, err)
		}
	}
	left, err := timelines.Get(t.Context(), key)
	if err != nil || left.Len() != 0 {
		t.Errorf("what was deleted has %v, %v", left.IDs(), err)
	}
}
