package sqltext

import "strings"

// How far a word of SQL reaches. One that has no end reaches to that of the text,
// which the databases refuse.

// through is the length of a text up to an end, which is a part of it.
func through(sql, end string) int {
	if i := strings.Index(sql, end); i >= 0 {
		return i + len(end)
	}
	return len(sql)
}

// quoteLength is the length of what a quote encloses, which is at start: within it
// the quote is doubled, or comes after a backslash.
func quoteLength(sql string, start int, backslash bool) int {
	for i := start + 1; i < len(sql); i++ {
		switch {
		case backslash && sql[i] == '\\':
			i++
		case sql[i] != sql[start]:
		case i+1 < len(sql) && sql[i+1] == sql[start]:
			i++
		default:
			return i + 1
		}
	}
	return len(sql)
}

// dollarWord is the length of a text between dollars, of a parameter, or of a
// dollar.
func dollarWord(sql string) int {
	if mark := dollarMark(sql); mark != "" {
		return len(mark) + through(sql[len(mark):], mark)
	}
	n := 1
	for n < len(sql) && isDigit(sql[n]) {
		n++
	}
	return n
}

// dollarMark returns the mark of the text between dollars that a text begins with;
// "" if it begins with none.
func dollarMark(sql string) string {
	if !strings.HasPrefix(sql, "$") {
		return ""
	}
	for i := 1; i < len(sql); i++ {
		switch {
		case sql[i] == '$':
			return sql[:i+1]
		case !isNameByte(sql[i]), i == 1 && isDigit(sql[i]):
			return ""
		}
	}
	return ""
}

// variable is the length of a parameter of SQLite's, which may have parts, and the
// name of an element, as one of Tcl has.
func variable(sql string) int {
	i, named := 1, false
	for ; i < len(sql); i++ {
		switch {
		case isNameByte(sql[i]):
			named = true
		case strings.HasPrefix(sql[i:], "::"):
			i++
		case sql[i] == '(' && named:
			for i++; i < len(sql) && strings.IndexByte(" \t\n\v\f\r)", sql[i]) < 0; i++ {
			}
			if i < len(sql) && sql[i] == ')' {
				i++
			}
			return i
		default:
			return i
		}
	}
	return i
}

// number is the length of a number: a letter after it begins a name, unless it is
// that of an exponent.
func number(sql string) int {
	i := 0
	digits := func() {
		for i < len(sql) && (isDigit(sql[i]) || sql[i] == '.') {
			i++
		}
	}
	digits()
	if i < len(sql) && sql[i]|0x20 == 'e' {
		exponent := i + 1
		if exponent < len(sql) && (sql[exponent] == '+' || sql[exponent] == '-') {
			exponent++
		}
		if exponent < len(sql) && isDigit(sql[exponent]) {
			i = exponent
			digits()
		}
	}
	return i
}

// nameLength is the length of a name or keyword.
func nameLength(sql string) int {
	n := 1
	for n < len(sql) && isNameByte(sql[n]) {
		n++
	}
	return n
}

// isNameByte reports whether a byte may be in a name. All beyond ASCII may.
func isNameByte(b byte) bool { return isLetter(b) || isDigit(b) || b == '$' || b >= 0x80 }
