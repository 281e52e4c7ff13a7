package model

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Capacity is the max of the rules of a key, and a model that has said it first.
type Capacity struct {
	max   int
	model string
}

// Agree checks that the rules of a model give their timelines the same capacity
// as other rules of the same keys: what one puts there, the other would push off
// the end. It notes the capacities.
func Agree(known map[string]Capacity, m *Model) error {
	for _, r := range m.Rules {
		key := strings.ReplaceAll(r.Key.Render(slices.Repeat([]string{"{}"}, len(r.Key.Columns))), url.PathEscape("{}"), "{}")
		first, there := known[key]
		if there && first.max != r.Max {
			return fmt.Errorf("timakgorm: %s and %s: rules of the key %q with %s and %s: expected the same",
				first.model, m.Schema.Name, key, maxText(first.max), maxText(r.Max))
		}
		if !there {
			known[key] = Capacity{r.Max, m.Schema.Name}
		}
	}
	return nil
}

func maxText(limit int) string {
	if limit == 0 {
		return "no max"
	}
	return "max=" + strconv.Itoa(limit)
}
