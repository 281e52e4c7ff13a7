package sqltext

import (
	"slices"
	"strings"
)

// Targets returns the names of the tables that a SQL text writes, as the SQL
// writes them.
func (t Text) Targets() (names []string) {
	for i, word := range t.Words {
		if written := WriteTargets(word, t.Words[i+1:]); len(written) > 0 && MayBegin(t.Words, i) {
			names = append(names, written...)
		}
	}
	return names
}

// WriteTargets returns the names of the tables that a verb writes, as the SQL
// writes them. words are those after the verb. It returns nil if verb is not a
// verb that writes.
func WriteTargets(verb string, words []string) []string {
	words = AfterWord(words, "or", 2) // INSERT OR REPLACE, UPDATE OR IGNORE
	var into string
	switch strings.ToLower(verb) {
	case "insert", "replace", "merge":
		into = "into"
	case "delete":
		into = "from"
	case "truncate":
		words = AfterWord(words, "table", 1)
	case "copy":
		return copyTarget(words)
	case "update":
	default:
		return nil
	}
	if into != "" {
		if len(words) == 0 || !SameName(words[0], into) {
			return nil
		}
		words = words[1:]
	}
	return TableNames(words)
}

// copyTarget returns the table that COPY fills, given the words after COPY. COPY
// … TO fills none.
func copyTarget(words []string) []string {
	if len(words) > 1 && !HasWord(words[1:2], "from", "to", ".", "(") {
		words = AfterWord(words, "binary", 1)
	}
	name, rest := TableName(words)
	if name == "" {
		return nil
	}
	if len(rest) > 0 && rest[0] == "(" {
		rest = rest[slices.Index(append(slices.Clip(rest), ")"), ")"):]
		rest = rest[min(1, len(rest)):]
	}
	if len(rest) > 0 && SameName(rest[0], "to") {
		return nil
	}
	return TableNames(words)
}
