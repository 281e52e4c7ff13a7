package sqltext

import (
	"slices"
	"strings"
)

// Text is a statement's text and its words.
type Text struct {
	SQL string
	// Words are those of the statements that are run, in every way in which the
	// database may read the text, and of the code in it, one after another.
	Words []string
	// Loose are the words of code that puts SQL together, and of its texts; nil if
	// there is none.
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

// FirstStatement returns the words up to the end of the first statement, and those after
// it.
func FirstStatement(words []string) (first, rest []string) {
	if end := slices.Index(words, ";"); end >= 0 {
		return words[:end], words[end+1:]
	}
	return words, nil
}

// withoutExplained leaves out statements whose plan is asked for, and which are not
// run.
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

// explainsOnly reports whether a statement is an EXPLAIN that does not run what it
// explains. In doubt it does.
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

// isAnalyze reports whether a word is the option by which EXPLAIN runs a statement,
// or may be.
func isAnalyze(word string) bool {
	return EscapedName.MatchString(word) || HasWord([]string{NamePart(word, '\\')}, "analyze", "analyse")
}

// isOff reports whether words begin with the value of an option that is off, and
// then the next option or the end of them.
func isOff(words []string) bool {
	return len(words) > 1 && HasWord(words[:1], "false", "off", "0") && HasWord(words[1:2], ",", ")")
}

// MayBegin reports whether a statement may begin at a word. What comes after a
// comma or SELECT is a column, and so is what follows AS, but in PREPARE x AS.
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
