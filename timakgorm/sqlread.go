package timakgorm

import (
	"slices"
	"strings"
)

// sqlText is a statement's text and its words.
type sqlText struct {
	sql string
	// words are those of the statements that are run, in every way in which the
	// database may read the text, and of the code in it, one after another.
	words []string
	// loose are the words of code that puts SQL together, and of its texts; nil if
	// there is none.
	loose []string
}

// read cuts a SQL text into words.
func (d dialect) read(sql string) sqlText {
	text := sqlText{sql: sql}
	for _, words := range d.readings(sql) {
		words = d.withoutExplained(words)
		text.add(words)
		if d.numbered {
			text.addBlocks(words)
		}
	}
	return text
}

// add adds the words of another reading, or of code.
func (t *sqlText) add(words []string) {
	if t.words == nil {
		t.words = words
		return
	}
	t.words = append(append(slices.Clip(t.words), ";"), words...)
}

// statement returns the words up to the end of the first statement, and those after
// it.
func statement(words []string) (first, rest []string) {
	if end := slices.Index(words, ";"); end >= 0 {
		return words[:end], words[end+1:]
	}
	return words, nil
}

// withoutExplained leaves out statements whose plan is asked for, and which are not
// run.
func (d dialect) withoutExplained(words []string) []string {
	if !hasWord(words, "explain") {
		return words
	}
	kept := make([]string, 0, len(words))
	for len(words) > 0 {
		first, rest := statement(words)
		if !d.explainsOnly(first) {
			kept = append(kept, words[:len(words)-len(rest)]...)
		}
		words = rest
	}
	return kept
}

// explainsOnly reports whether a statement is an EXPLAIN that does not run what it
// explains. In doubt it does.
func (d dialect) explainsOnly(words []string) bool {
	if len(words) == 0 || !sameName(words[0], "explain") {
		return false
	}
	words = afterWord(words[1:], "verbose", 1)
	if !d.numbered || len(words) == 0 {
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
	return escapedName.MatchString(word) || hasWord([]string{namePart(word, '\\')}, "analyze", "analyse")
}

// isOff reports whether words begin with the value of an option that is off, and
// then the next option or the end of them.
func isOff(words []string) bool {
	return len(words) > 1 && hasWord(words[:1], "false", "off", "0") && hasWord(words[1:2], ",", ")")
}

// mayBegin reports whether a statement may begin at a word. What comes after a
// comma or SELECT is a column, and so is what follows AS, but in PREPARE x AS.
func mayBegin(words []string, at int) bool {
	if at == 0 {
		return true
	}
	switch strings.ToLower(words[at-1]) {
	case ",", ".", "select", "distinct":
		return false
	case "as":
		return hasWord(words, "prepare")
	default:
		return true
	}
}
