package sqltext

import "strings"

// SetsPath reports whether SQL sets such a setting, by a SET at the beginning of
// words: that of an UPDATE comes after more than the end of a statement.
func SetsPath(before, words []string) bool {
	if !SameName(words[0], "set") && !SameName(words[0], "reset") {
		return false
	}
	if n := len(before); n > 0 && !HasWord(before[n-1:], ";", "begin", "then", "else", "loop", "execute") {
		return false
	}
	words = words[1:]
	for len(words) > 0 && HasWord(words[:1], "session", "local") {
		words = words[1:]
	}
	return len(words) > 0 && (NamesSetting(words[0]) || HasWord(words[:1], "authorization", "schema", "all"))
}

// NamesSetting reports whether a word, or a text, names a setting on which it
// depends what tables a session finds.
func NamesSetting(word string) bool {
	return HasWord([]string{strings.Trim(word, "'")}, "search_path", "role", "session_authorization")
}
