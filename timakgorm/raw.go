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
	name := p.writtenByRaw(st.SQL.String())
	if name == "" || followedIn(db, name) {
		return nil
	}
	if p.opts.RawSQL == WarnRaw {
		p.opts.Logger.WarnContext(st.Context, "timak: raw SQL writes a tracked table; its timelines do not follow", "table", name)
		return nil
	}
	return fmt.Errorf("timakgorm: raw SQL writes %s: %w: use db.Model(…), or timakgorm.Exec, which names the rows", name, ErrUncaptured)
}

// writtenByRaw returns the tracked table that a SQL text writes, if any,
// wherever it stands: in a WITH, in a block of code, after another statement. It
// may find more than there are. Of texts it looks into those that stand right
// after DO and EXECUTE, and does not see what is put together from parts.
func (p *Plugin) writtenByRaw(sql string) string {
	if name := p.writtenByWords(sqlWords(sql)); name != "" || !ambiguous(sql) {
		return name
	}
	return p.writtenByWords(plainWords(sql))
}

func (p *Plugin) writtenByWords(words []string) string {
	for i, word := range words {
		if name := p.writtenByText(word, words[i+1:]); name != "" {
			return name
		}
		for _, name := range writeTargets(word, words[i+1:]) {
			if t := p.named(name); t != nil {
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
	if len(words) == 0 {
		return ""
	}
	text, ok := textOf(words[0])
	if !ok {
		return ""
	}
	return p.writtenByRaw(text)
}

// escapes are those of a text E'…'.
var escapes = strings.NewReplacer(`\\`, `\`, `\'`, `''`, `\n`, "\n", `\r`, "\r", `\t`, "\t")

// textOf returns what a quoted text says.
func textOf(word string) (string, bool) {
	if strings.HasPrefix(word, "e'") || strings.HasPrefix(word, "E'") {
		word = escapes.Replace(word[1:])
	}
	text, quoted := strings.CutPrefix(word, "'")
	return strings.ReplaceAll(strings.TrimSuffix(text, "'"), "''", "'"), quoted
}

// sqlWord matches the next part of a SQL text: a comment, a text, a quoted
// name, the mark of a quoted block, a name or keyword, or any character.
var sqlWord = regexp.MustCompile(`(?s)--[^\n]*|/\*.*?(?:\*/|$)|` +
	`[eE]'(?:[^'\\]|\\.|'')*'?|'(?:[^']|'')*'?|` +
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
// different places: blocks between dollars, comments in comments, arrays, names
// with escapes.
func ambiguous(sql string) bool {
	return dollarQuote.MatchString(sql) || strings.Contains(sql, "[") || strings.Contains(strings.ToUpper(sql), `U&"`) ||
		strings.Count(sql, "/*") > 1
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
// one, given what follows it.
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

// tableNames reads a list of tables at the beginning of words.
func tableNames(words []string) []string {
	var names []string
	for {
		words = afterWord(afterWord(words, "only", 1), "(", 1)
		var name string
		if name, words = tableName(words); name == "" {
			return names
		}
		names = append(names, name)
		words = afterWord(afterWord(words, ")", 1), "*", 1)
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
		parts = append(parts, strings.Trim(words[0], "\"`[]'"))
		if len(words) < 3 || words[1] != "." {
			words = words[1:]
			break
		}
		words = words[2:]
	}
	return strings.Join(parts, "."), words
}

// isName reports whether a word is a name, quoted or not, or a keyword.
func isName(word string) bool {
	first, _ := utf8.DecodeRuneInString(word)
	return unicode.IsLetter(first) && !strings.HasSuffix(word, "'") || strings.ContainsRune("_\"`['", first) // SQLite takes a text for a name
}

// named returns the tracked table with this name, whatever its case. A name
// without a schema may be a table in any.
func (p *Plugin) named(name string) *table {
	for _, t := range p.tables {
		known := t.model.table
		bare := unqualified(known) == known || unqualified(name) == name
		if sameName(known, name) || bare && sameName(unqualified(known), unqualified(name)) {
			return t
		}
	}
	return nil
}

func sameName(a, b string) bool { return strings.EqualFold(a, b) }
