package sqltext

import "strings"

// Postgres runs some string literals as code: those of DO, those of EXECUTE
// within DO, and the bodies of functions, which a later statement of the same
// text may call.

// addBlocks adds the words of the code that statements run.
func (t *Text) addBlocks(words []string) {
	for len(words) > 0 {
		first, rest := FirstStatement(words)
		switch {
		case len(first) == 0:
		case SameName(first[0], "do"):
			t.addLiterals(first, "plpgsql")
		case SameName(first[0], "create") && len(rest) > 0 && HasWord(first[:min(4, len(first))], "function", "procedure"):
			t.addLiterals(first, "sql")
		}
		words = rest
	}
}

// addLiterals adds the words of the string literals in a statement. They are code
// in language, unless the statement names another language.
func (t *Text) addLiterals(words []string, language string) {
	for i, word := range words[:len(words)-1] {
		if SameName(word, "language") {
			if text, is := literalOf(words[i+1:]); is {
				language = text
			} else {
				language = NamePart(words[i+1], '\\')
			}
		}
	}
	for i := range words {
		if code, is := literalOf(words[i:]); is {
			t.addCode(code, HasWord([]string{language}, "sql", "plpgsql"))
		}
	}
}

// addCode adds the words of code. Code in a language other than SQL runs what is
// in its own literals, which are cut by other rules.
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

// addExecuted adds the words of what EXECUTE runs within code. words are those
// after EXECUTE.
func (t *Text) addExecuted(code string, words []string) {
	if assembles(words) {
		t.addLoose(code)
	} else if text, is := literalOf(words); is {
		t.addCode(text, true)
	}
}

// addInner adds the words of a DO block within code. If no block follows, DO is
// part of another statement.
func (t *Text) addInner(words []string) {
	if _, is := literalOf(words[1:]); is || len(words) > 1 && SameName(words[1], "language") {
		block, _ := FirstStatement(words)
		t.addLiterals(block, "plpgsql")
	}
}

// addLoose adds the words of code that assembles SQL, and of the whole text
// around it.
func (t *Text) addLoose(code string) {
	t.Loose = append(append(t.Loose, plainWords(t.SQL)...), plainWords(code)...)
}

// assembles reports whether code runs SQL that it assembles, given the words
// after EXECUTE. It does not if these are a complete literal, a trigger's
// function, or a privilege (GRANT EXECUTE ON).
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
	_, rest, whole := cutLiterals(words)
	return !whole || len(rest) > 0 && !HasWord(rest[:1], ";", "into", "using", "loop")
}
