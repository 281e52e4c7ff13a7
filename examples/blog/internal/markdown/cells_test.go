package markdown_test

import (
	"strings"
	"testing"

	"github.com/timak-go/timak/examples/blog/internal/markdown"
)

// manyCells are texts whose tables would have too many cells, and one that has many tables.
func manyCells() []string {
	wide := strings.Repeat("|a", 300) + "\n" + strings.Repeat("|-", 300) + "\n" + strings.Repeat("|\n", 300)
	small := strings.Repeat("a|", 70) + "\n" + strings.Repeat("-|", 70) + "\n" + strings.Repeat("|\n", 68) + "\n"
	return []string{
		wide,
		strings.ReplaceAll(wide, "|-", "|:-:"),
		strings.ReplaceAll(wide, "|-", "\t|\f-"),
		"text\n" + wide,
		strings.Repeat("a|", 300) + "\n" + strings.Repeat("-|", 300) + "\n" + strings.Repeat("b\n", 300),
		strings.Repeat(small, 10),
		"> " + strings.ReplaceAll(strings.TrimSpace(wide), "\n", "\n> "),
	}
}

// A small text does not make a large page: rows are filled up to a bound.
func TestPost_tables(t *testing.T) {
	t.Parallel()
	for _, text := range manyCells() {
		got := string(markdown.Post(text))
		cells := strings.Count(got, "<td") + strings.Count(got, "<th")
		if cells > 5000 {
			t.Errorf("%.20q…, %d bytes: got %d bytes with %d cells, want at most 5000", text, len(text), len(got), cells)
		}
		if cells == 0 && !strings.Contains(got, "|<br>\n|<br>") && !strings.Contains(got, "b<br>\nb<br>") {
			t.Errorf("%.20q…: the text is not shown as it was written: %.200s", text, got)
		}
	}
	full := strings.Repeat("|a", 10) + "\n" + strings.Repeat("|-", 10) + "\n" + strings.Repeat(strings.Repeat("|b", 10)+"\n", 490)
	if n := strings.Count(string(markdown.Post(full)), "<td"); n != 4900 {
		t.Errorf("a table of 10 columns and 490 rows: got %d cells", n)
	}
}
