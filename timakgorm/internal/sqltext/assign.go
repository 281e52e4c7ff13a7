package sqltext

import (
	"slices"
)

// Assigned returns the words between SET and what follows the assignments, or all
// words if there is no SET.
func Assigned(words []string) []string {
	set := slices.IndexFunc(words, func(word string) bool { return SameName(word, "set") })
	if set < 0 {
		return words
	}
	words = words[set+1:]
	depth := 0
	for i, word := range words {
		switch {
		case word == "(":
			depth++
		case word == ")":
			depth--
		case depth == 0 && HasWord(words[i:i+1], "from", "where", "returning", ";"):
			return words[:i]
		}
	}
	return words
}

// NamesIn returns all names among words, without their quotes.
func NamesIn(words []string) []string {
	names := []string{}
	for i, word := range words {
		if isName(word) {
			names = append(names, NamePart(word, escapeOf(words[i+1:])))
		}
	}
	return names
}

// IsOneValue reports whether an expression is a single value. It is not if it
// goes on with a comma, a FROM, a WHERE or a RETURNING.
func (l Language) IsOneValue(expression string) bool {
	for _, words := range l.Readings(expression + "\n;") {
		first, rest := FirstStatement(words)
		if !isOneValue(first) || rest == nil || len(rest) > 0 { // a literal or a comment in it has no end
			return false
		}
	}
	return true
}

func isOneValue(words []string) bool {
	depth := 0
	for _, word := range words {
		switch word {
		case "(":
			depth++
		case ")":
			depth--
		}
		if depth < 0 || depth == 0 && (word == "," || HasWord([]string{word}, "from", "where", "returning")) {
			return false
		}
	}
	return depth == 0
}
