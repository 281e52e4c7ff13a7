package sqltext

import (
	"regexp"
	"slices"
	"strings"
)

// Loosely are the verbs that are looked for among words that may be put together.
var Loosely = []string{"insert", "update", "delete", "truncate", "merge", "copy"}

var plainWord = regexp.MustCompile(`[\pL_][\pL\pM\pN_$]*|\S`)

// plainWords returns the words of a SQL text wherever they stand, in texts and
// comments too.
func plainWords(sql string) []string {
	sql = EscapedName.ReplaceAllString(sql, " ")
	return plainWord.FindAllString(strings.NewReplacer(`"`, " ", "`", " ", "[", " ", "]", " ", "'", " ").Replace(sql), -1)
}

// HasWord reports whether one of the words is among those of a SQL text.
func HasWord(words []string, any ...string) bool {
	return slices.ContainsFunc(words, func(word string) bool {
		return slices.ContainsFunc(any, func(wanted string) bool { return SameName(word, wanted) })
	})
}

// MayCascade reports whether a word begins a statement on rows that foreign keys pass
// on.
func MayCascade(word string) bool {
	return slices.ContainsFunc([]string{"delete", "update", "truncate", "replace", "merge", "insert"}, func(verb string) bool { return SameName(word, verb) })
}
