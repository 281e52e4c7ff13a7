package timakgorm

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"gorm.io/gorm"
)

// checkRaw refuses SQL of the user's own that writes a tracked table.
func (p *Plugin) checkRaw(db *gorm.DB) error {
	st := db.Statement
	if db.Error != nil || db.DryRun || st.SQL.Len() == 0 {
		return nil
	}
	text, may := textWith(db, writing)
	if !may {
		return nil
	}
	name := p.writtenBy(text)
	if name == "" || followedIn(db, name) {
		return nil
	}
	if p.opts.RawSQL == WarnRaw {
		p.opts.Logger.WarnContext(st.Context, "timak: raw SQL writes a tracked table; its timelines do not follow", "table", name)
		return nil
	}
	return fmt.Errorf("timakgorm: raw SQL writes %s: %w: use db.Model(…), or timakgorm.Exec, which names the rows", name, ErrUncaptured)
}

// writtenBy returns the tracked table that a SQL text writes, if any,
// wherever it stands: in a WITH, in a block of code, after another statement. It
// may find more than there are. Of texts it looks into those that stand right
// after DO and EXECUTE; where EXECUTE runs what is put together from parts, it
// goes by the names in any of them, and does not see one that is put together
// itself.
func (p *Plugin) writtenBy(text sqlText) string {
	name := p.writtenByWords(text.words)
	if name == "" && ambiguous(text.sql) {
		name = p.writtenByWords(plainWords(text.sql))
	}
	if name == "" && assembles(text.words) {
		name = p.mentioned(plainWords(text.sql))
	}
	return name
}

// assembles reports whether a block of code runs SQL that it puts together: an
// EXECUTE of other than a whole text, a prepared statement or a trigger's
// function.
func assembles(words []string) bool {
	for i, word := range words {
		if !sameName(word, "execute") || len(words) < i+3 {
			continue
		}
		what, after := strings.ToLower(words[i+1]), words[i+2]
		_, whole := textOf(words[i+1:])
		switch {
		case what == "function", what == "procedure", what == "on":
		case after == "(" && !slices.Contains([]string{"format", "concat", "concat_ws", "replace", "quote_ident"}, what): // prepared
		case !whole || after == "|":
			return true
		}
	}
	return false
}

// mentioned returns a tracked table that is among some words, if there is a verb
// among them that writes.
func (p *Plugin) mentioned(words []string) string {
	if !hasWord(words, "insert", "update", "delete", "truncate", "merge", "copy") {
		return ""
	}
	for _, word := range words {
		if t := p.named(word); t != nil {
			return t.model.table
		}
	}
	return ""
}

func (p *Plugin) writtenByWords(words []string) string {
	for i, word := range words {
		if name := p.writtenByText(word, words[i+1:]); name != "" {
			return name
		}
		for _, written := range writeTargets(word, words[i+1:]) {
			if t := p.named(unquoted(written)); t != nil {
				return t.model.table
			}
		}
	}
	return ""
}

// writtenByText looks into the text that a verb runs as SQL.
func (p *Plugin) writtenByText(verb string, words []string) string {
	switch {
	case sameName(verb, "do"):
		words = afterWord(words, "language", 2)
	case !sameName(verb, "execute"):
		return ""
	}
	text, ok := textOf(words)
	if !ok {
		return ""
	}
	return p.writtenBy(sqlText{text, sqlWords(text)})
}

// sqlWord matches the next part of a SQL text: a comment, a text, a quoted
// name, the mark of a quoted block, a name or keyword, or any character.
var sqlWord = regexp.MustCompile(`(?s)--[^\n\r]*|/\*.*?(?:\*/|$)|` +
	`[eE]'(?:[^'\\]|\\.|'')*'?|(?:[uU]&)?'(?:[^']|'')*'?|(?:[uU]&)?` +
	`"(?:[^"]|"")*"?|` + "`(?:[^`]|``)*`?" + `|\[[^\]]*\]?|` +
	`\$\w*\$|[\pL_][\pL\pM\pN_$]*|\S`)

// sqlWords returns the parts of a SQL text without its comments.
func sqlWords(sql string) []string {
	words := sqlWord.FindAllString(sql, -1)
	return slices.DeleteFunc(words, func(word string) bool {
		return strings.HasPrefix(word, "--") || strings.HasPrefix(word, "/*")
	})
}

// ambiguous reports whether a SQL text has parts whose ends the databases see in
// different places: blocks between dollars, comments in comments or up to a
// carriage return, arrays, names with escapes.
func ambiguous(sql string) bool {
	return dollarQuote.MatchString(sql) || strings.Contains(sql, "[") || strings.Contains(strings.ToUpper(sql), `U&"`) ||
		strings.Count(sql, "/*") > 1 || strings.Contains(sql, "--") && strings.Count(sql, "\r") > strings.Count(sql, "\r\n")
}

var escapedName = regexp.MustCompile(`(?i)\bu&"`)

var dollarQuote = regexp.MustCompile(`\$(?:[\pL_]\w*)?\$`)

var plainWord = regexp.MustCompile(`[\pL_][\pL\pM\pN_$]*|\S`)

// plainWords returns the words of a SQL text wherever they stand, in texts and
// comments too.
func plainWords(sql string) []string {
	sql = escapedName.ReplaceAllString(sql, " ")
	return plainWord.FindAllString(strings.NewReplacer(`"`, " ", "`", " ", "[", " ", "]", " ", "'", " ").Replace(sql), -1)
}

// writeTargets returns the names of the tables that a verb writes, if it is
// one, given what follows it. They are as they are written there.
func writeTargets(verb string, words []string) []string {
	words = afterWord(words, "or", 2) // INSERT OR REPLACE, UPDATE OR IGNORE
	var into string
	switch strings.ToLower(verb) {
	case "insert", "replace", "merge":
		into = "into"
	case "delete":
		into = "from"
	case "truncate":
		words = afterWord(words, "table", 1)
	case "update", "copy":
	default:
		return nil
	}
	if into != "" {
		if len(words) == 0 || !sameName(words[0], into) {
			return nil
		}
		words = words[1:]
	}
	return tableNames(words)
}

// afterWord returns words without the first n, if they begin with this one.
func afterWord(words []string, first string, n int) []string {
	if len(words) < n || !sameName(words[0], first) {
		return words
	}
	return words[n:]
}

// tableNames reads a list of tables at the beginning of words, as they are
// written.
func tableNames(words []string) []string {
	var names []string
	for {
		words = afterWord(afterWord(words, "only", 1), "(", 1)
		name, rest := tableName(words)
		if name == "" {
			return names
		}
		written := strings.Join(words[:len(words)-len(rest)], "")
		if escapedName.MatchString(written) {
			written = quoteName(name)
		}
		names = append(names, written)
		words = afterWord(afterWord(rest, ")", 1), "*", 1)
		if len(words) == 0 || words[0] != "," {
			return names
		}
		words = words[1:]
	}
}

// tableName reads a name at the beginning of words, with its schema if it has
// one, and returns what follows.
func tableName(words []string) (string, []string) {
	var parts []string
	for len(words) > 0 && isName(words[0]) {
		parts = append(parts, namePart(words[0], escapeOf(words[1:])))
		words = afterEscape(words)
		if len(words) < 3 || words[1] != "." {
			words = words[1:]
			break
		}
		words = words[2:]
	}
	return strings.Join(parts, "."), words
}

// namePart returns a name without its quotes, and with what its escapes stand for.
func namePart(word string, escape byte) string {
	if escaped := escapedName.FindString(word); escaped != "" && strings.HasPrefix(word, escaped) {
		return withoutUnicode(namePart(word[len(escaped)-1:], escape), escape)
	}
	for _, marks := range []string{`""`, "``", "''", "[]"} {
		if name, quoted := strings.CutPrefix(word, marks[:1]); quoted {
			name = strings.TrimSuffix(name, marks[1:])
			return strings.ReplaceAll(name, strings.Repeat(marks[1:], 2), marks[1:])
		}
	}
	return word
}

// unquoted returns the name of a table that is written in this way.
func unquoted(written string) string {
	name, _ := tableName(sqlWords(written))
	return name
}

// isName reports whether a word is a name, quoted or not, or a keyword.
func isName(word string) bool {
	first, _ := utf8.DecodeRuneInString(word)
	return unicode.IsLetter(first) && !strings.HasSuffix(word, "'") || strings.ContainsRune("_\"`['", first) // SQLite takes a text for a name
}

// named returns a tracked table that a name may mean; nil if it means none.
func (p *Plugin) named(name string) *table {
	for _, t := range p.tables {
		if t.mayBe(name) {
			return t
		}
	}
	return nil
}

func sameName(a, b string) bool { return strings.EqualFold(a, b) }
