package sqltext

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// SameName reports whether two names are the same, ignoring case.
func SameName(a, b string) bool { return strings.EqualFold(a, b) }

// Unqualified returns the name of a table without its schema. GORM qualifies
// columns with it.
func Unqualified(table string) string { return table[strings.LastIndexByte(table, '.')+1:] }

// SchemaOf returns the schema in the name of a table, or "" if it has none.
func SchemaOf(name string) string {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return name[:i]
	}
	return ""
}

// QuoteName quotes an identifier. If it has a schema, each part is quoted.
func QuoteName(name string) string {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return QuoteName(name[:i]) + "." + QuotePart(name[i+1:])
	}
	return QuotePart(name)
}

// QuotePart quotes an identifier without a schema.
func QuotePart(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// QuoteText writes a string as a SQL literal.
func QuoteText(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// TableName reads a name at the beginning of words, with its schema if it has
// one, and returns it without quotes, with the words after it. The name is "" if
// there is none.
func TableName(words []string) (string, []string) {
	var parts []string
	for len(words) > 0 && isName(words[0]) {
		parts = append(parts, NamePart(words[0], escapeOf(words[1:])))
		words = afterEscape(words)
		if len(words) < 3 || words[1] != "." {
			words = words[1:]
			break
		}
		words = words[2:]
	}
	return strings.Join(parts, "."), words
}

// TableNames reads a list of tables at the beginning of words. It returns the
// names as the SQL writes them; names with Unicode escapes are quoted instead.
func TableNames(words []string) []string {
	var names []string
	for {
		if len(words) > 0 && SameName(words[0], "only") {
			words = AfterWord(words[1:], "(", 1)
		}
		name, rest := TableName(words)
		if name == "" {
			return names
		}
		written := strings.Join(words[:len(words)-len(rest)], "")
		if EscapedName.MatchString(written) {
			written = QuoteName(name)
		}
		names = append(names, written)
		words = AfterWord(AfterWord(rest, ")", 1), "*", 1)
		if len(words) == 0 || words[0] != "," {
			return names
		}
		words = words[1:]
	}
}

// NamePart returns a name without its quotes and with its escapes decoded.
func NamePart(word string, escape byte) string {
	if escaped := EscapedName.FindString(word); escaped != "" && strings.HasPrefix(word, escaped) {
		return withoutUnicode(NamePart(word[len(escaped)-1:], escape), escape)
	}
	for _, marks := range []string{`""`, "``", "''", "[]"} {
		if name, quoted := strings.CutPrefix(word, marks[:1]); quoted {
			name = strings.TrimSuffix(name, marks[1:])
			return strings.ReplaceAll(name, strings.Repeat(marks[1:], 2), marks[1:])
		}
	}
	return word
}

// Unquoted returns the name of a table, given as SQL writes it.
func Unquoted(written string) string {
	name, _ := TableName(Words(written))
	return name
}

// isName reports whether a word is a name, quoted or not, or a keyword.
func isName(word string) bool {
	first := word[0]
	return isNameByte(first) && !isDigit(first) && first != '$' && !strings.HasSuffix(word, "'") ||
		strings.IndexByte("\"`['", first) >= 0 // SQLite accepts a string literal as a name
}

// AfterWord returns words without the first n if they begin with first, and all
// words otherwise.
func AfterWord(words []string, first string, n int) []string {
	if len(words) < n || !SameName(words[0], first) {
		return words
	}
	return words[n:]
}

// EscapedName matches the beginning of a name with Unicode escapes, U&"….
var EscapedName = regexp.MustCompile(`(?i)\bu&"`)

// LastName returns the last name among words as the database stores it: Postgres
// stores an unquoted name in lower case.
func (l Language) LastName(words []string) string {
	for i, word := range slices.Backward(words) {
		if !isName(word) || SameName(word, "uescape") {
			continue
		}
		name := NamePart(word, escapeOf(words[i+1:]))
		if l == Postgres && name == word {
			return strings.ToLower(name)
		}
		return name
	}
	return ""
}

// longestName is how many bytes of a name Postgres uses.
const longestName = 63

// Clipped returns the name of a table as the database stores it: Postgres
// truncates a name that is too long, at the end of a character.
func (l Language) Clipped(name string) string {
	bare := Unqualified(name)
	if l != Postgres || len(bare) <= longestName {
		return name
	}
	end := longestName
	for end > 0 && !utf8.RuneStart(bare[end]) {
		end--
	}
	return name[:len(name)-len(bare)] + bare[:end]
}

// PostgresName matches the name of a table in the syntax of Postgres, with or
// without a schema.
var PostgresName = regexp.MustCompile(`^(?:(?:"(?:[^"]|"")+"|[\pL_][\pL\pM\pN_$]*)(?:\.|$)){1,2}$`)
