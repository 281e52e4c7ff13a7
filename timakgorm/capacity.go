package timakgorm

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// capacity is the max of the rules of a key, and a model that has said it first.
type capacity struct {
	max   int
	model string
}

// agree checks that the rules of a model give their timelines the same capacity
// as other rules of the same keys: what one puts there, the other would push off
// the end. It notes the capacities.
func agree(known map[string]capacity, m *model) error {
	for _, r := range m.rules {
		key := strings.ReplaceAll(r.key.Render(slices.Repeat([]string{"{}"}, len(r.key.columns))), url.PathEscape("{}"), "{}")
		first, there := known[key]
		if there && first.max != r.max {
			return fmt.Errorf("timakgorm: %s and %s: rules of the key %q with %s and %s: expected the same",
				first.model, m.schema.Name, key, maxText(first.max), maxText(r.max))
		}
		if !there {
			known[key] = capacity{r.max, m.schema.Name}
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
