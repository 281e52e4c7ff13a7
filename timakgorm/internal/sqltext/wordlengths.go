package sqltext

import "strings"

// The functions in this file return how long a word at the beginning of a SQL
// text is. A word without an end reaches to the end of the text, which the
// databases refuse.

// through returns the length of sql up to and including end.
func through(sql, end string) int {
	if i := strings.Index(sql, end); i >= 0 {
		return i + len(end)
	}
	return len(sql)
}

// quoteLength returns the end of what the quote at start encloses. A quote inside
// is doubled or, with backslash, follows a backslash.
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

// dollarLength returns the length of a dollar-quoted literal, of a parameter, or
// of a single dollar.
func dollarLength(sql string) int {
	if mark := dollarMark(sql); mark != "" {
		return len(mark) + through(sql[len(mark):], mark)
	}
	n := 1
	for n < len(sql) && isDigit(sql[n]) {
		n++
	}
	return n
}

// dollarMark returns the opening mark of the dollar-quoted literal at the
// beginning of sql, or "".
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

// variableLength returns the length of a SQLite parameter. As a variable of Tcl,
// it may have parts separated by :: and an element's name in parentheses.
func variableLength(sql string) int {
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

// numberLength returns the length of a number. A letter after it begins a name,
// unless it begins an exponent.
func numberLength(sql string) int {
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

// nameLength returns the length of a name or keyword.
func nameLength(sql string) int {
	n := 1
	for n < len(sql) && isNameByte(sql[n]) {
		n++
	}
	return n
}

// isNameByte reports whether a name may contain a byte. All bytes beyond ASCII
// may be in names.
func isNameByte(b byte) bool { return isLetter(b) || isDigit(b) || b == '$' || b >= 0x80 }
