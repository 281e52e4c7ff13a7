package sqltext

import "strings"

// Postgres runs texts as code: those of DO, those of EXECUTE within that, and those
// of functions, which a statement after them in the same text may call.

// addBlocks adds the words of the code that statements run.
func (t *Text) addBlocks(words []string) {
	for len(words) > 0 {
		first, rest := FirstStatement(words)
		switch {
		case len(first) == 0:
		case SameName(first[0], "do"):
			t.addTexts(first, "plpgsql")
		case SameName(first[0], "create") && len(rest) > 0 && HasWord(first[:min(4, len(first))], "function", "procedure"):
			t.addTexts(first, "sql")
		}
		words = rest
	}
}

// addTexts adds the words of the texts in a statement, whose language is one of its
// own unless it says another.
func (t *Text) addTexts(words []string, language string) {
	for i, word := range words[:len(words)-1] {
		if SameName(word, "language") {
			if text, is := textOf(words[i+1:]); is {
				language = text
			} else {
				language = NamePart(words[i+1], '\\')
			}
		}
	}
	for i := range words {
		if code, is := textOf(words[i:]); is {
			t.addCode(code, HasWord([]string{language}, "sql", "plpgsql"))
		}
	}
}

// addCode adds the words of code. That of a language other than SQL runs what is in
// its texts, which are cut in other ways.
func (t *Text) addCode(code string, isSQL bool) {
	if !isSQL {
		t.add(plainWords(code))
		t.addLoose(code)
		return
	}
	for _, words := range Postgres.Readings(code) {
		t.add(words)
		for i, word := range words {
			switch {
			case SameName(word, "execute"):
				t.addExecuted(code, words[i+1:])
			case SameName(word, "do"):
				t.addInner(words[i:])
			}
		}
	}
}

// addExecuted adds the words of what EXECUTE runs within code, given what follows
// it.
func (t *Text) addExecuted(code string, words []string) {
	if assembles(words) {
		t.addLoose(code)
	} else if text, is := textOf(words); is {
		t.addCode(text, true)
	}
}

// addInner adds the words of a block within code. Elsewhere DO is a part of another
// statement.
func (t *Text) addInner(words []string) {
	if _, is := textOf(words[1:]); is || len(words) > 1 && SameName(words[1], "language") {
		block, _ := FirstStatement(words)
		t.addTexts(block, "plpgsql")
	}
}

// addLoose adds the words of code that puts SQL together, and of all that is
// around it.
func (t *Text) addLoose(code string) {
	t.Loose = append(append(t.Loose, plainWords(t.SQL)...), plainWords(code)...)
}

// assembles reports whether code runs SQL that it puts together, given what follows
// EXECUTE: other than a whole text, a trigger's function, or a right.
func assembles(words []string) bool {
	if len(words) == 0 {
		return false
	}
	switch strings.ToLower(words[0]) {
	case "on":
		return false
	case "function", "procedure":
		name, rest := TableName(words[1:])
		return name == "" || len(rest) == 0 || rest[0] != "("
	}
	_, rest, whole := cutTexts(words)
	return !whole || len(rest) > 0 && !HasWord(rest[:1], ";", "into", "using", "loop")
}
