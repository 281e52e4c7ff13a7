package sqltext

import "strings"

// SetsPath reports whether a SET or RESET at the beginning of words changes which
// tables a session finds. before are the words that come before it: they tell the
// SET of an UPDATE from a statement.
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

// NamesSetting reports whether a word or a string literal names a setting that
// decides which tables a session finds.
func NamesSetting(word string) bool {
	return HasWord([]string{strings.Trim(word, "'")}, "search_path", "role", "session_authorization")
}
