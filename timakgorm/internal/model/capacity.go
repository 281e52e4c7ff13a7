package model

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Capacity is the Max of the rules of a key, and the first model that stated it.
type Capacity struct {
	max   int
	model string
}

// Agree checks that the rules of a model give their timelines the same capacity
// as other rules with the same keys. Otherwise one rule would push off the end
// what another puts there. Agree adds the capacities of m to known.
func Agree(known map[string]Capacity, m *Model) error {
	for _, r := range timelinesOf(m) {
		key := strings.ReplaceAll(r.key.Render(slices.Repeat([]string{"{}"}, len(r.key.Columns))), url.PathEscape("{}"), "{}")
		first, there := known[key]
		if there && first.max != r.max {
			return fmt.Errorf("timakgorm: %s and %s: rules of the key %q with %s and %s: expected the same",
				first.model, m.Schema.Name, key, maxText(first.max), maxText(r.max))
		}
		if !there {
			known[key] = Capacity{r.max, m.Schema.Name}
		}
	}
	return nil
}

// timelines is a template of keys with the capacity that a rule gives them.
type timelines struct {
	key Template
	max int
}

func timelinesOf(m *Model) (all []timelines) {
	for _, r := range m.Rules {
		all = append(all, timelines{r.Key, r.Max})
	}
	for _, s := range m.Subscriptions {
		all = append(all, timelines{s.Key, s.Max})
	}
	return all
}

func maxText(limit int) string {
	if limit == 0 {
		return "no max"
	}
	return "max=" + strconv.Itoa(limit)
}
