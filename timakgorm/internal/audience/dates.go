package audience

import (
	"fmt"
	"slices"

	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/tag"
)

// dates refuses rules by which one timeline may have an item of a row with two dates. A
// copy of a source draws a version of its own, so which of the two decides where the item
// is would depend on who subscribed to what first.
func (a *Audiences) dates(name string) error {
	for _, p := range a.byName[name].publishers {
		m := p.Table.Model
		for _, r := range slices.Concat(m.Publications, m.Rules) {
			if r.Date() != p.Rule.Date() && r.SameID(p.Rule) && a.share(p.Rule, r) {
				return fmt.Errorf("%s puts the same item on a timeline by date=%s, with source=%s, and by date=%s, with source=%s: expected the same date=…, or another id=… in one of them",
					m.Schema.Name, p.Rule.Date().Name, p.Rule.Source, r.Date().Name, r.Source)
			}
		}
	}
	return nil
}

// share reports whether there may be a timeline on which both rules put items.
func (a *Audiences) share(one, other model.Rule) bool {
	for _, key := range a.keysOf(one) {
		if slices.ContainsFunc(a.keysOf(other), key.Meets) {
			return true
		}
	}
	return false
}

// keysOf returns the templates of the timelines on which a rule puts items.
func (a *Audiences) keysOf(r model.Rule) (keys []tag.Template) {
	if r.Audience == "" {
		return []tag.Template{r.Key.Template}
	}
	for _, s := range a.named(r.Audience).subscribers {
		keys = append(keys, s.Rule.Key.Template)
	}
	if f := a.named(r.Audience).function; f != nil {
		keys = append(keys, f.Key)
	}
	return keys
}
