package tag

import "strings"

// Match returns the values from which Render makes text, and reports whether
// there are any. There is at most one way, because no literal begins or ends with
// a byte that an escaped value may contain.
func (t Template) Match(text string) (values []string, ok bool) {
	for i, literal := range t.literals {
		rest, found := strings.CutPrefix(text, literal)
		if !found {
			return nil, false
		}
		if i == len(t.fields) {
			return values, rest == ""
		}
		end := strings.IndexFunc(rest, func(r rune) bool { return r < 0x80 && separator(byte(r)) })
		if end < 0 {
			end = len(rest)
		}
		value, err := Unescape(rest[:end])
		if err != nil || Escape(value) != rest[:end] {
			return nil, false
		}
		values, text = append(values, value), rest[end:]
	}
	return nil, text == ""
}
