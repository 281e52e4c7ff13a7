package sqltext

import (
	"slices"
	"strings"
)

// Text is a SQL text and its words.
type Text struct {
	SQL string
	// Words are those of the statements that are run, in every way in which the
	// database may read the text, followed by those of the code in it.
	Words []string
	// Loose are the words of code that assembles SQL, and of its literals; nil if
	// there is no such code.
	Loose []string
}

// Read cuts a SQL text into words.
func (l Language) Read(sql string) Text {
	text := Text{SQL: sql}
	for _, words := range l.Readings(sql) {
		words = l.withoutExplained(words)
		text.add(words)
		if l == Postgres {
			text.addBlocks(words)
		}
	}
	return text
}

// add adds the words of another reading, or of code.
func (t *Text) add(words []string) {
	if t.Words == nil {
		t.Words = words
		return
	}
	t.Words = append(append(slices.Clip(t.Words), ";"), words...)
}

// FirstStatement returns the words of the first statement, and those after its
// semicolon; rest is nil if there is none.
func FirstStatement(words []string) (first, rest []string) {
	if end := slices.Index(words, ";"); end >= 0 {
		return words[:end], words[end+1:]
	}
	return words, nil
}

// withoutExplained leaves out statements that are only explained, and not run.
func (l Language) withoutExplained(words []string) []string {
	if !HasWord(words, "explain") {
		return words
	}
	kept := make([]string, 0, len(words))
	for len(words) > 0 {
		first, rest := FirstStatement(words)
		if !l.explainsOnly(first) {
			kept = append(kept, words[:len(words)-len(rest)]...)
		}
		words = rest
	}
	return kept
}

// explainsOnly reports whether a statement is an EXPLAIN that does not run what
// it explains. In doubt it returns false.
func (l Language) explainsOnly(words []string) bool {
	if len(words) == 0 || !SameName(words[0], "explain") {
		return false
	}
	words = AfterWord(words[1:], "verbose", 1)
	if l != Postgres || len(words) == 0 {
		return true
	}
	if words[0] != "(" {
		return !isAnalyze(words[0])
	}
	for i, depth := 0, 0; i < len(words); i++ {
		switch {
		case words[i] == "(":
			depth++
		case words[i] == ")":
			depth--
		case isAnalyze(words[i]) && !isOff(words[i+1:]):
			return false
		}
		if depth == 0 {
			break
		}
	}
	return true
}

// isAnalyze reports whether a word is, or may be, the option by which EXPLAIN
// runs a statement.
func isAnalyze(word string) bool {
	return EscapedName.MatchString(word) || HasWord([]string{NamePart(word, '\\')}, "analyze", "analyse")
}

// isOff reports whether words begin with a value that turns an option off,
// followed by the next option or the end of the options.
func isOff(words []string) bool {
	return len(words) > 1 && HasWord(words[:1], "false", "off", "0") && HasWord(words[1:2], ",", ")")
}

// MayBegin reports whether a statement may begin at a word. What follows a comma
// or SELECT is a column, and so is what follows AS, except in PREPARE x AS.
func MayBegin(words []string, at int) bool {
	if at == 0 {
		return true
	}
	switch strings.ToLower(words[at-1]) {
	case ",", ".", "select", "distinct":
		return false
	case "as":
		return HasWord(words, "prepare")
	default:
		return true
	}
}
