package statement

import (
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// WrittenBy returns the tracked table that a SQL text writes, if any,
// wherever it stands: in a WITH, in a block of code, after another statement. It
// may find more than there are. Of what code puts together from parts it goes by
// the names in any of them, and does not see one that is put together itself.
func WrittenBy(ts *dialect.Tables, text sqltext.Text) string {
	for _, written := range text.Targets() {
		if t := ts.Named(sqltext.Unquoted(written)); t != nil {
			return t.Model.Table
		}
	}
	return Mentioned(ts, text.Loose)
}

// Mentioned returns a tracked table that is among some words, if there is a verb
// among them that writes.
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
