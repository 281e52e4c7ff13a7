package tag

import (
	"fmt"
	"strconv"
	"strings"
)

// Rule is a rule as a tag states it. Its fields are named and not yet looked up.
// timakgorm.Rule says what each of them means.
type Rule struct {
	Key, ID, Date, When string
	Data                []string
	Source              string
	Max                 int
	Copy                int
	Audience            string
	Subscribes          bool // not an option: the type of the field says so
}

// ParseRule reads the text of a tag. Unknown, repeated and empty options are
// errors.
func ParseRule(text string) (Rule, error) {
	options, err := Parse(text)
	if err != nil {
		return Rule{}, err
	}
	var r Rule
	for _, option := range options {
		if err := r.set(option); err != nil {
			return Rule{}, err
		}
	}
	return r, nil
}

func (r *Rule) set(option Option) error {
	switch option.Name {
	case "key":
		r.Key = option.Value
	case "id":
		r.ID = option.Value
	case "date":
		r.Date = option.Value
	case "when":
		r.When = option.Value
	case "data":
		if r.Data = List(option.Value); len(r.Data) == 0 {
			return fmt.Errorf("data=%s: expected the names of fields, separated by commas", option.Value)
		}
	case "source":
		r.Source = option.Value
	case "max":
		return number(option, &r.Max)
	case "copy":
		return number(option, &r.Copy)
	case "audience":
		r.Audience = option.Value
	default:
		return fmt.Errorf("unknown option %q: expected key, id, date, when, data, source, max, copy or audience", option.Name)
	}
	return nil
}

// number reads an option that counts items.
func number(option Option, into *int) error {
	n, err := strconv.Atoi(option.Value)
	if err != nil || n < 1 {
		return fmt.Errorf("%s=%s: expected a number of items, at least 1", option.Name, option.Value)
	}
	*into = n
	return nil
}

// String returns the rule as a tag states it.
func (r Rule) String() string {
	var parts []string
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+"="+value)
		}
	}
	add("audience", r.Audience)
	add("key", r.Key)
	add("id", r.ID)
	add("date", r.Date)
	add("when", r.When)
	add("data", strings.Join(r.Data, ","))
	add("source", r.Source)
	if r.Max != 0 {
		add("max", strconv.Itoa(r.Max))
	}
	if r.Copy != 0 {
		add("copy", strconv.Itoa(r.Copy))
	}
	return strings.Join(parts, "; ")
}
