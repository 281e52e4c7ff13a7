package tag

// Meets reports whether there are values from which both templates render the same
// text.
func (t Template) Meets(other Template) bool {
	a, b := t.tokens(), other.tokens()
	known := map[[2]int]bool{}
	var meet func(i, j int) bool
	meet = func(i, j int) bool {
		at := [2]int{i, j}
		if result, seen := known[at]; seen {
			return result
		}
		known[at] = false
		known[at] = meetFrom(a, b, i, j, meet)
		return known[at]
	}
	return meet(0, 0)
}

// token is a byte of a literal or, if value is set, any value.
type token struct {
	literal byte
	value   bool
}

func (t Template) tokens() []token {
	var tokens []token
	for i, literal := range t.literals {
		for n := range len(literal) {
			tokens = append(tokens, token{literal: literal[n]})
		}
		if i < len(t.fields) {
			tokens = append(tokens, token{value: true})
		}
	}
	return tokens
}

// inValue reports whether a value may contain the token.
func (t token) inValue() bool { return t.value || !separator(t.literal) }

// meetFrom reports whether the rests of two templates meet.
func meetFrom(a, b []token, i, j int, meet func(i, j int) bool) bool {
	switch {
	case i == len(a) && j == len(b):
		return true
	case i < len(a) && a[i].value:
		return meet(i+1, j) || j < len(b) && b[j].inValue() && meet(i, j+1)
	case j < len(b) && b[j].value:
		return meet(i, j+1) || i < len(a) && a[i].inValue() && meet(i+1, j)
	default:
		return i < len(a) && j < len(b) && a[i].literal == b[j].literal && meet(i+1, j+1)
	}
}
