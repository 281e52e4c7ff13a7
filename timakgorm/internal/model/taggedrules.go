package model

import (
	"fmt"
	"reflect"
	"regexp"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/tag"
)

// timelineType and subscriptionType are the types of the fields that carry rules.
var (
	timelineType     = reflect.TypeFor[Timeline]()
	subscriptionType = reflect.TypeFor[Subscription]()
)

// carries reports whether fields of a type carry rules.
func carries(t reflect.Type) bool { return t == timelineType || t == subscriptionType }

// taggedRules reads the rules in a model's tags, including those of embedded
// structs.
func taggedRules(t reflect.Type) ([]tag.Rule, error) {
	var rules []tag.Rule
	for field := range t.Fields() {
		if inner := embedded(field); inner != nil {
			more, err := taggedRules(inner)
			if err != nil {
				return nil, err
			}
			rules = append(rules, more...)
			continue
		}
		text, tagged := field.Tag.Lookup("timak")
		if !tagged && !carries(field.Type) {
			continue
		}
		if err := checkTimeline(field, tagged); err != nil {
			return nil, err
		}
		r, err := tag.ParseRule(text)
		if err != nil {
			return nil, fmt.Errorf("rule %q: %w", text, err)
		}
		r.Subscribes = field.Type == subscriptionType
		rules = append(rules, r)
	}
	return rules, nil
}

// embedded returns the struct whose columns GORM treats as the model's own, or
// nil if the field is not such a struct.
func embedded(field reflect.StructField) reflect.Type {
	t := field.Type
	if t.Kind() == reflect.Pointer && field.IsExported() {
		t = t.Elem()
	}
	_, tagged := schema.ParseTagSetting(field.Tag.Get("gorm"), ";")["EMBEDDED"]
	if t.Kind() != reflect.Struct || carries(t) || !field.Anonymous && !tagged {
		return nil
	}
	return t
}

const expectedTag = "expected one like `timak:\"key=author:{AuthorID}:posts\"`"

// wellFormed matches tags that are wholly name:"value", as reflect reads them.
var wellFormed = regexp.MustCompile(`^(?:\s*[^\s:"]+:"(?:[^"\\]|\\.)*")*\s*$`)

// checkTimeline checks a field that has, or should have, a tag timak.
func checkTimeline(field reflect.StructField, tagged bool) error {
	_, ignored := schema.ParseTagSetting(field.Tag.Get("gorm"), ";")["-"]
	switch {
	case !carries(field.Type):
		return fmt.Errorf("field %s has a tag timak, but is a %s: expected a field _ of type timakgorm.Timeline", field.Name, field.Type)
	case !tagged && field.Tag == "":
		return fmt.Errorf("field %s has no tag timak: %s", field.Name, expectedTag)
	case !tagged:
		return fmt.Errorf("field %s has no tag timak in `%s`: %s", field.Name, field.Tag, expectedTag)
	case !wellFormed.MatchString(string(field.Tag)):
		return fmt.Errorf("field %s has a tag of which Go reads only a part, `%s`: %s", field.Name, field.Tag, expectedTag)
	case field.IsExported() && !field.Anonymous && !ignored:
		return fmt.Errorf("field %s is a timakgorm.%s: expected it to be named _, for GORM to pass it over", field.Name, field.Type.Name())
	default:
		return nil
	}
}
