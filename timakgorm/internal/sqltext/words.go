package sqltext

import (
	"slices"
	"strings"
)

// lexis says how a SQL text is cut into words. The databases agree on little more
// than '…', "…" and comments, and what is a literal to one may be a statement to
// the other. So each has a lexis that matches its scanner.
type lexis struct {
	marks     bool // `…` and […] are names
	escapes   bool // E'…' has escapes; U&'…' is a literal and U&"…" a name
	dollars   bool // $tag$…$tag$ is a literal
	nested    bool // comments may be nested
	returns   bool // a carriage return ends a line
	variables bool // $name, @name and :name are parameters
	backslash bool // '…' has escapes, as E'…' does
}

var (
	postgresLexis = lexis{escapes: true, dollars: true, nested: true, returns: true}
	sqliteLexis   = lexis{marks: true, variables: true}
	// nameLexis accepts the quotes of every database.
	nameLexis = lexis{marks: true, escapes: true, returns: true}
)

// Readings returns the words of a text for each way in which the database may
// read it. In Postgres the setting standard_conforming_strings decides where a
// literal with a backslash ends, so there may be two.
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

// Words returns the words of a name and of what stands beside it. The name may be
// quoted in the way of any database.
func Words(sql string) []string { return nameLexis.words(sql) }

// words returns the parts of a SQL text without comments: literals, quoted names,
// names and keywords, numbers, and single characters.
func (l lexis) words(sql string) []string {
	words := make([]string, 0, len(sql)/4+1)
	escaped := false // the last word is a literal with escapes; the next may be a part of it
	for len(sql) > 0 {
		n := l.blank(sql)
		if n == 0 {
			var text bool
			n, text = l.literal(sql, escaped)
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

// byteOrderMark counts as white space in SQLite.
const byteOrderMark = "\uFEFF"

// blank returns the length of the white space or comment at the beginning of sql.
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

// comment returns the length of the comment at the beginning of sql.
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

// literal returns the length of the single-quoted literal at the beginning of
// sql, and reports whether there is one. escaped says that the word before is a
// literal with escapes: this one is a part of that, and has escapes too.
func (l lexis) literal(sql string, escaped bool) (n int, is bool) {
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

// word returns the length of the word at the beginning of sql.
func (l lexis) word(sql string) int {
	switch c := sql[0]; {
	case c == '"', l.marks && c == '`':
		return quoteLength(sql, 0, false)
	case l.escapes && len(sql) > 2 && c|0x20 == 'u' && sql[1:3] == `&"`:
		return quoteLength(sql, 2, false)
	case l.marks && c == '[':
		return through(sql, "]")
	case l.dollars && c == '$':
		return dollarLength(sql)
	case l.variables && strings.IndexByte("$@:#", c) >= 0:
		return variableLength(sql)
	case isDigit(c):
		return numberLength(sql)
	case isNameByte(c) && c != '$':
		return nameLength(sql)
	default:
		return 1
	}
}
