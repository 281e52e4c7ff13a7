package timakgorm

import (
	"fmt"

	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/tag"
)

// Rule maps a row of a model to an item of a timeline. It is written in the tag
// of a Timeline field, as `timak:"key=…; when=…"`, or given to Track.
//
// Fields are named as in the model. {Field} in a template stands for the column's
// value, escaped so that no value can reach into another key. If a field of a
// template is NULL, the row has no item by that rule.
type Rule struct {
	// Key is the template of the timeline's key, such as author:{AuthorID}:posts.
	// Required.
	Key string

	// ID is the template of the item's id. Defaults to the table's name and the
	// primary key, such as posts:12. Two rows must not have the same id at the
	// same time. Two models cannot put items on one timeline whose ids are numbers
	// alone, such as {ID}: expected a text with them, such as post:{ID}.
	ID string

	// Date is the field by which items are ordered: a time, or an integer score,
	// which counts as microseconds. Defaults to CreatedAt. A field that may be
	// NULL needs a When that is false while it is NULL.
	Date string

	// When is one bool field; a ! before it negates it. The row has an item while
	// it is true. NULL counts as false. Keep a combined condition in a column of its
	// own. Defaults to always.
	When string

	// Data are the fields that make up the item's data: a JSON object by column
	// names. Defaults to none.
	Data []string

	// Source is the template of the item's source. Defaults to the empty source.
	Source string

	// Max is the timeline's capacity, if it is not the engine's. Plugin.Page
	// keeps to it; other reads of such a timeline go through Timelines.Bounded. Rules
	// that share timelines must have the same Max.
	Max int

	// Copy is how many items of its source a subscription brings to the timeline when
	// it begins or changes; Plugin.Page reads the others from the tables. Defaults to
	// the capacity, and is no higher. Only for subscriptions.
	Copy int

	// Audience names where a publication meets subscriptions, by the text of their
	// sources: the row's item is on the timeline of each key that subscribes to its
	// source. It takes the place of Key, and needs a Source. In a subscription it
	// names whose items the key gets.
	Audience string

	// Subscribes makes the rule a subscription, as the type of a field does in a tag:
	// the timeline of Key gets what is published in Audience with Source.
	Subscribes bool
}

// String returns the rule as it is written in a tag.
func (r Rule) String() string { return tag.Rule(r).String() }

// Tracked is a model with rules, for Plugin.Register. Track makes it.
type Tracked struct{ declared model.Declared }

// Track returns the model T with rules that are written in Go instead of tags.
// The rules in T's tags, if any, apply as well.
func Track[T any](rules ...Rule) Tracked {
	d := model.Declared{Value: new(T)}
	for _, r := range rules {
		d.Rules = append(d.Rules, tag.Rule(r))
	}
	return Tracked{d}
}

// Key fills a template with values, escaped as in a rule. What stands between the
// braces does not matter:
//
//	timakgorm.Key("author:{}:posts", user.ID)
//
// Values are integers, texts, bools and UUIDs, pointers to them, and whatever the
// database stores as such. Key panics if a value is anything else or NULL, which
// no rule puts into a key, if the template is wrong, or if the number of values
// differs.
func Key(template string, values ...any) string {
	t, err := tag.ParseTemplate(template)
	if err != nil {
		panic("timakgorm: Key: " + err.Error())
	}
	if len(values) != len(t.Fields()) {
		panic(fmt.Sprintf("timakgorm: Key(%q) wants %d values, got %d", template, len(t.Fields()), len(values)))
	}
	texts := make([]string, len(values))
	for i, value := range values {
		plain, err := model.KeyValue(value)
		if err != nil || plain == nil {
			panic(fmt.Sprintf("timakgorm: Key(%q): value %d is %v, a %T: expected an integer, a text, a bool or a UUID", template, i+1, value, value))
		}
		texts[i] = fmt.Sprint(plain)
	}
	return t.Render(texts)
}
