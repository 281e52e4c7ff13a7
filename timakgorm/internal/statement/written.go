package statement

import (
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// WrittenBy returns a tracked table that a SQL text writes, or "" if there is
// none. It looks everywhere: in a WITH, in a block of code, after another
// statement. It may return a table that is not written. In code that assembles
// SQL it finds the names that occur as a whole, and misses a name that is itself
// assembled.
func WrittenBy(ts *dialect.Tables, text sqltext.Text) string {
	for _, written := range text.Targets() {
		if t := ts.Named(sqltext.Unquoted(written)); t != nil {
			return t.Model.Table
		}
	}
	return Mentioned(ts, text.Loose)
}

// Mentioned returns a tracked table that is among words, if a verb that writes is
// among them too; "" otherwise.
func Mentioned(ts *dialect.Tables, words []string) string {
	if !sqltext.HasWord(words, sqltext.LooseVerbs...) {
		return ""
	}
	for _, word := range words {
		if t := ts.Named(word); t != nil {
			return t.Model.Table
		}
	}
	return ""
}
