// Package tag parses the text of a rule: options in a struct tag, and the
// templates of keys, ids and sources. It is pure.
package tag

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Option is one name=value of a rule.
type Option struct {
	Name, Value string
}

// Parse splits the text of a rule into its options, in order. Semicolons separate
// options; white space around names and values is ignored. A value that has an option in
// it is an error.
func Parse(text string) ([]Option, error) {
	var options []Option
	for part := range strings.SplitSeq(text, ";") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		option, err := parseOption(part)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(options, func(o Option) bool { return o.Name == option.Name }) {
			return nil, fmt.Errorf("option %q is given twice", option.Name)
		}
		options = append(options, option)
	}
	if len(options) == 0 {
		return nil, errors.New("the rule is empty: it needs at least key=…")
	}
	return options, nil
}

func parseOption(part string) (Option, error) {
	name, value, named := strings.Cut(part, "=")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	switch {
	case !named || name == "":
		return Option{}, fmt.Errorf("expected name=value, got %q", strings.TrimSpace(part))
	case value == "":
		return Option{}, fmt.Errorf("option %q has no value", name)
	}
	rest, option, found := Stray(value)
	switch {
	case found && rest == "":
		return Option{}, fmt.Errorf("option %q has another one as its value, %s: expected one of them", name, option)
	case found:
		return Option{}, fmt.Errorf("%s=%s has an option in its value: expected a semicolon before it, as in %s=%s; %s", name, value, name, rest, option)
	}
	return Option{name, value}, nil
}

// List splits a comma-separated value and leaves out empty elements.
func List(value string) []string {
	var out []string
	for element := range strings.SplitSeq(value, ",") {
		if element = strings.TrimSpace(element); element != "" {
			out = append(out, element)
		}
	}
	return out
}
