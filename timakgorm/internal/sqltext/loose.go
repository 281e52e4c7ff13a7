package sqltext

import (
	"regexp"
	"slices"
	"strings"
)

// LooseVerbs are the verbs to look for among the words of code that assembles SQL
// (Text.Loose).
var LooseVerbs = []string{"insert", "update", "delete", "truncate", "merge", "copy"}

var plainWord = regexp.MustCompile(`[\pL_][\pL\pM\pN_$]*|\S`)

// plainWords returns the words of a SQL text wherever they are, including
// literals and comments.
func plainWords(sql string) []string {
	sql = EscapedName.ReplaceAllString(sql, " ")
	return plainWord.FindAllString(strings.NewReplacer(`"`, " ", "`", " ", "[", " ", "]", " ", "'", " ").Replace(sql), -1)
}

// HasWord reports whether words contain one of the wanted words, in any case.
func HasWord(words []string, wanted ...string) bool {
	return slices.ContainsFunc(words, func(word string) bool {
		return slices.ContainsFunc(wanted, func(one string) bool { return SameName(word, one) })
	})
}

// MayCascade reports whether a word begins a statement whose changes foreign keys
// may pass on.
func MayCascade(word string) bool {
	return slices.ContainsFunc([]string{"delete", "update", "truncate", "replace", "merge", "insert"}, func(verb string) bool { return SameName(word, verb) })
}
