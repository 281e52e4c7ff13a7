package timakgorm

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/timak-go/timak/timakgorm/internal/audience"
	"github.com/timak-go/timak/timakgorm/internal/tag"
)

// Audience is an audience whose timelines a function names, for those of which no row
// says who subscribes: everybody nearby, everybody who may read a room. Register takes it,
// beside the models that publish in it.
//
// A change of a row goes to the timelines that Keys names when it is relayed; those of wide
// audiences get it in parts, of which each calls Keys again. What Keys would say changes
// without a sound: Rebuild the keys then. A timeline that is named no more keeps what it
// has until then.
//
// The functions may be called from several goroutines. What they return is tried again
// after an error, and becomes a dead letter as other failures do.
type Audience struct {
	// Name is what rules name as audience=. Required. It has no subscriptions beside.
	Name string

	// Key is the template of the timelines' keys, such as user:{}:nearby, with {} for
	// each value, as timakgorm.Key has it. Required. Keys must name no others.
	Key string

	// Max is the timelines' capacity, if it is not the engine's.
	Max int

	// Keys yields the keys of the timelines that get what is published with a source:
	// those after a key, or all of them if that is empty, in ascending order of their
	// bytes, each once. Required.
	Keys func(ctx context.Context, source, after string) iter.Seq2[string, error]

	// Sources is the reverse of Keys: it yields the sources of which the timeline under
	// key gets what is published, in any order. Without it, Verify, Rebuild and Page
	// return ErrNoReverse for a key of the audience. With it they know the key, but they
	// do not find it by themselves: name it in VerifyOptions.Keys.
	Sources func(ctx context.Context, key string) iter.Seq2[string, error]
}

// ErrNoReverse is returned, wrapped with the audience, by Verify, Rebuild and Page for a
// key of an Audience without Sources.
var ErrNoReverse = audience.ErrNoReverse

// compiled returns the audience after checking it.
func (a Audience) compiled() (*audience.Function, error) {
	if err := a.check(); err != nil {
		return nil, fmt.Errorf("timakgorm: audience %q: %w", a.Name, err)
	}
	key, err := tag.ParseTemplate(a.Key)
	if err != nil {
		return nil, fmt.Errorf("timakgorm: audience %q: key: %w", a.Name, err)
	}
	return &audience.Function{Name: a.Name, Key: key, Max: a.Max, Keys: a.Keys, Sources: a.Sources}, nil
}

func (a Audience) check() error {
	switch {
	case a.Name == "":
		return errors.New("no Name: expected the one that rules publish in")
	case a.Key == "":
		return errors.New("no Key: expected a template such as user:{}:nearby")
	case a.Keys == nil:
		return errors.New("no Keys: expected a function that names timelines")
	case a.Max < 0:
		return fmt.Errorf("got Max %d: expected a number of items, at least 1, or 0 for the engine's", a.Max)
	default:
		return nil
	}
}
