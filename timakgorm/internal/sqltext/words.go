package sqltext

import (
	"slices"
	"strings"
)

// lexis is how a text of SQL is cut into words. The databases agree on little more
// than '…', "…" and comments; where they differ, what one takes for a text is a
// statement to the other. So each has its own, that of its scanner.
type lexis struct {
	marks     bool // `…` and […] are names
	escapes   bool // E'…' has escapes; U&'…' and U&"…" are a text and a name
	dollars   bool // $tag$…$tag$ is a text
	nested    bool // comments may be in comments
	returns   bool // a carriage return ends a line
	variables bool // $name, @name and :name are parameters
	backslash bool // '…' has escapes, as E'…' does
}

var (
	postgresLexis = lexis{escapes: true, dollars: true, nested: true, returns: true}
	sqliteLexis   = lexis{marks: true, variables: true}
	// nameLexis takes a name for one that is quoted in any database's way.
	nameLexis = lexis{marks: true, escapes: true, returns: true}
)

// Readings are the words of a text in each way in which the database may read it.
// Postgres has a setting, standard_conforming_strings, on which the end of a text
// with a backslash depends.
func (l Language) Readings(sql string) [][]string {
	if l != Postgres {
		return [][]string{sqliteLexis.words(sql)}
	}
	words := postgresLexis.words(sql)
	if strings.Contains(sql, `\`) {
		old := postgresLexis
		old.backslash = true
		if other := old.words(sql); !slices.Equal(words, other) {
			return [][]string{words, other}
		}
	}
	return [][]string{words}
}

// Words returns the words of a name, quoted in any way, and of what stands
// beside it.
func Words(sql string) []string { return nameLexis.words(sql) }

// words returns the parts of a SQL text without its comments: texts, quoted names,
// names and keywords, numbers, and single characters.
func (l lexis) words(sql string) []string {
	words := make([]string, 0, len(sql)/4+1)
	escaped := false // the last word is a text with escapes, of which the next may be a part
	for len(sql) > 0 {
		n := l.blank(sql)
		if n == 0 {
			var text bool
			n, text = l.text(sql, escaped)
			escaped = text && (escaped || sql[0] != '\'')
			if !text {
				n = l.word(sql)
			}
			words = append(words, sql[:n])
		}
		sql = sql[n:]
	}
	return words
}

// byteOrderMark is white space to SQLite.
const byteOrderMark = "\uFEFF"

// blank returns the length of the white space or the comment that a text begins
// with.
func (l lexis) blank(sql string) int {
	switch {
	case strings.IndexByte(" \t\n\v\f\r", sql[0]) >= 0:
		return 1
	case l.variables && strings.HasPrefix(sql, byteOrderMark):
		return len(byteOrderMark)
	case strings.HasPrefix(sql, "--"):
		ends := "\n"
		if l.returns {
			ends = "\n\r"
		}
		if end := strings.IndexAny(sql, ends); end >= 0 {
			return end
		}
		return len(sql)
	case strings.HasPrefix(sql, "/*"):
		return l.comment(sql)
	default:
		return 0
	}
}

// comment returns the length of a comment.
func (l lexis) comment(sql string) int {
	depth := 1
	for i := 2; i < len(sql)-1; i++ {
		switch {
		case sql[i] == '*' && sql[i+1] == '/':
			depth--
			i++
		case l.nested && sql[i] == '/' && sql[i+1] == '*':
			depth++
			i++
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(sql)
}

// text returns the length of the text in single quotes that a SQL text begins
// with, if it does. One after another with escapes is a part of that, and has them
// too.
func (l lexis) text(sql string, escaped bool) (n int, is bool) {
	switch {
	case sql[0] == '\'':
		return quoteLength(sql, 0, l.backslash || escaped), true
	case l.escapes && (strings.HasPrefix(sql, "E'") || strings.HasPrefix(sql, "e'")):
		return quoteLength(sql, 1, true), true
	case l.escapes && len(sql) > 2 && sql[0]|0x20 == 'u' && sql[1:3] == "&'":
		return quoteLength(sql, 2, false), true
	default:
		return 0, false
	}
}

// word returns the length of the word that a text begins with.
func (l lexis) word(sql string) int {
	switch c := sql[0]; {
	case c == '"', l.marks && c == '`':
		return quoteLength(sql, 0, false)
	case l.escapes && len(sql) > 2 && c|0x20 == 'u' && sql[1:3] == `&"`:
		return quoteLength(sql, 2, false)
	case l.marks && c == '[':
		return through(sql, "]")
	case l.dollars && c == '$':
		return dollarWord(sql)
	case l.variables && strings.IndexByte("$@:#", c) >= 0:
		return variable(sql)
	case isDigit(c):
		return number(sql)
	case isNameByte(c) && c != '$':
		return nameLength(sql)
	default:
		return 1
	}
}
