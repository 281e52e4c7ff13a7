package tag

import (
	"fmt"
	"slices"
	"strings"
)

// Template is a text with the names of fields in braces: author:{AuthorID}:posts.
//
// Values are escaped, so the text between two fields shows where one value ends
// and the next begins. That text must therefore start and end with a byte that
// escaped values never contain, such as a colon or a slash. The zero Template
// renders the empty text.
type Template struct {
	// literals has one text more than there are fields: the one before the first
	// field, those between fields, and the one after the last.
	literals []string
	fields   []string
}

// ParseTemplate reads a template. Errors quote text and say what was expected.
func ParseTemplate(text string) (Template, error) {
	var t Template
	rest := text
	for {
		literal, after, found := strings.Cut(rest, "{")
		if strings.Contains(literal, "}") {
			return Template{}, fmt.Errorf("%q has a } without a {", text)
		}
		t.literals = append(t.literals, literal)
		if !found {
			break
		}
		field, next, closed := strings.Cut(after, "}")
		if !closed {
			return Template{}, fmt.Errorf("%q has an unclosed {: expected {Field}", text)
		}
		if strings.Contains(field, "{") {
			return Template{}, fmt.Errorf("%q has a { within a {: expected {Field}", text)
		}
		t.fields = append(t.fields, strings.TrimSpace(field))
		rest = next
	}
	return t, t.checkSeparators(text)
}

func (t Template) checkSeparators(text string) error {
	for i := range t.fields {
		before, after := t.literals[i], t.literals[i+1]
		if i > 0 && before == "" {
			return fmt.Errorf("%q has two fields side by side: put a separator such as : between them", text)
		}
		if before != "" && !separator(before[len(before)-1]) || after != "" && !separator(after[0]) {
			return fmt.Errorf("%q: {%s} must be set off by a separator such as : or /, as values may hold letters, digits, - _ . and %%", text, t.fields[i])
		}
	}
	return nil
}

// separator reports whether escaped values never contain a byte.
func separator(c byte) bool { return !unescaped(c) && c != '%' }

// Fields returns the names in braces, in order.
func (t Template) Fields() []string { return t.fields }

// Words returns what stands in the template between separators and outside of braces.
func (t Template) Words() []string {
	var words []string
	for _, literal := range t.literals {
		words = append(words, strings.FieldsFunc(literal, func(r rune) bool { return r < 0x80 && separator(byte(r)) })...)
	}
	return words
}

// Bare reports whether the template is fields and separators alone: nothing in it says
// what they are.
func (t Template) Bare() bool {
	return !slices.ContainsFunc(t.literals, func(literal string) bool {
		return slices.ContainsFunc([]byte(literal), func(c byte) bool { return !separator(c) })
	})
}

// Render fills in the values of the fields, escaped. There must be one value for
// each field.
func (t Template) Render(values []string) string {
	var b strings.Builder
	for i, value := range values {
		b.WriteString(t.literals[i])
		escape(&b, value)
	}
	b.WriteString(t.end())
	return b.String()
}

// end returns the text after the last field. The zero Template has none.
func (t Template) end() string {
	if len(t.literals) == 0 {
		return ""
	}
	return t.literals[len(t.literals)-1]
}

// String returns the text that ParseTemplate reads back.
func (t Template) String() string {
	var b strings.Builder
	for i, field := range t.fields {
		b.WriteString(t.literals[i])
		b.WriteString("{" + field + "}")
	}
	b.WriteString(t.end())
	return b.String()
}
