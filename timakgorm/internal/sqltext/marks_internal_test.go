package sqltext

import (
	"slices"
	"testing"
)

// A mark in a literal or in a name does not count.
func TestSplitMarks(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		sql      string
		numbered bool
		want     []string
	}{
		{"a", false, []string{"a"}},
		{"a = ? AND b = ?", false, []string{"a = ", " AND b = ", ""}},
		{`"a?" = ? AND 'it''s ?' = ?`, false, []string{`"a?" = `, ` AND 'it''s ?' = `, ""}},
		{"`?` = $1 AND ? = ?", false, []string{"`?` = $1 AND ", " = ", ""}},
		{`"$1" = $1 AND '$2' = $23`, true, []string{`"$1" = `, ` AND '$2' = `, ""}},
		{"$a = $1", true, []string{"$a = ", ""}},
		{"?'", false, []string{"", "'"}},
	} {
		if got := SplitMarks(test.sql, test.numbered); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.sql, got, test.want)
		}
	}
}
