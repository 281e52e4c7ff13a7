package audience

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/tag"
)

// Function is an audience whose timelines a Go function names. timakgorm.Audience says
// what the fields mean.
type Function struct {
	Name string
	Key  tag.Template
	Max  int

	Keys    func(ctx context.Context, source, after string) iter.Seq2[string, error]
	Sources func(ctx context.Context, key string) iter.Seq2[string, error]
}

// ErrNoReverse is returned for a key of an audience whose function has no reverse.
var ErrNoReverse = errors.New("timakgorm: the audience does not say what a timeline gets: set Audience.Sources")

// functionRule is the name of a function in a Mark.
const functionRule = "function"

// page returns timelines that get what has a source, at most limit of those after a mark,
// and the mark of the last.
func (f *Function) page(ctx context.Context, source string, after Mark, limit int) (found []model.Subscribed, last Mark, err error) {
	last = Mark{Rule: functionRule}
	if after.Rule == functionRule {
		last.Row = after.Row
	}
	for key, err := range f.Keys(ctx, source, last.Row) {
		switch {
		case err != nil:
			return nil, after, fmt.Errorf("timakgorm: keys of audience %q: %w", f.Name, err)
		case len(found) == limit:
			return found, last, nil
		case key <= last.Row:
			return nil, after, fmt.Errorf("timakgorm: audience %q names the key %q after %q: expected keys in ascending order, each once", f.Name, key, last.Row)
		case !f.has(key) || len(key) > timak.MaxKeyLen:
			return nil, after, fmt.Errorf("timakgorm: audience %q names the key %q: expected one like %s, of at most %d bytes", f.Name, key, f.Key, timak.MaxKeyLen)
		}
		found = append(found, model.Subscribed{Audience: f.Name, Key: key, Source: source, Max: f.Max})
		last.Row = key
	}
	return found, Mark{Done: true}, nil
}

// checkFunction refuses a function that nobody publishes for, or that has subscribers
// beside it.
func (a *audience) checkFunction() error {
	if len(a.subscribers) > 0 {
		return fmt.Errorf("%s subscribes to it, and a function names its timelines: expected one of them", a.subscribers[0].Table.Model.Schema.Name)
	}
	if len(a.publishers) == 0 {
		return errors.New("a function names its timelines, and nobody publishes: expected a timakgorm.Timeline of that audience in a registered model")
	}
	return nil
}

// mixes refuses a subscription that could remove from its timelines what a function
// brings there.
func (a *Audiences) mixes(name string) error {
	f := a.byName[name].function
	if f == nil {
		return nil
	}
	for _, other := range a.names() {
		for _, s := range a.byName[other].subscribers {
			for _, p := range a.byName[name].publishers {
				if s.Rule.Key.Meets(f.Key) && s.Rule.Source.Meets(p.Rule.Source.Template) {
					return fmt.Errorf("%s subscribes timelines key=%s to source=%s, and so does this audience: expected different texts of source=… in each audience, such as %s:%s",
						s.Table.Model.Schema.Name, s.Rule.Key, s.Rule.Source, name, p.Rule.Source)
				}
			}
		}
	}
	return nil
}

// has reports whether a key is one of the audience's.
func (f *Function) has(key string) bool {
	_, is := f.Key.Match(key)
	return is
}

// feed adds the sources of which the timeline under key gets what is published.
func (f *Function) feed(ctx context.Context, key string, feed map[Source]Row) error {
	if f.Sources == nil {
		return fmt.Errorf("audience %q: %w", f.Name, ErrNoReverse)
	}
	for source, err := range f.Sources(ctx, key) {
		if err != nil {
			return fmt.Errorf("timakgorm: sources of audience %q: %w", f.Name, err)
		}
		feed[Source{f.Name, source}] = Row{}
	}
	return nil
}

// FunctionsOf returns the functions that may name the timeline of a key.
func (a *Audiences) FunctionsOf(key string) (may []*Function) {
	for _, name := range a.names() {
		if f := a.byName[name].function; f != nil && f.has(key) {
			may = append(may, f)
		}
	}
	return may
}

// Functions returns the names of the audiences that are functions.
func (a *Audiences) Functions() (names []string) {
	for _, name := range a.names() {
		if a.byName[name].function != nil {
			names = append(names, name)
		}
	}
	return names
}
