package audience_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// Shout is heard by those who are in its place, which no table knows.
type Shout struct {
	ID        uint
	Place     string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"audience=hearers; source=place:{Place}"`
}

// crowdOf knows who is where: the places by the keys of timelines.
type crowdOf struct {
	mu     sync.Mutex
	places map[string]string
	fails  int // how many calls fail from now on
}

func (c *crowdOf) move(key, place string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.places[key] = place; place == "" {
		delete(c.places, key)
	}
}

var errAway = errors.New("the map is away")

func (c *crowdOf) keys(_ context.Context, source, after string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.fails > 0 {
			c.fails--
			yield("", errAway)
			return
		}
		var found []string
		for key, place := range c.places {
			if "place:"+place == source && key > after {
				found = append(found, key)
			}
		}
		slices.Sort(found)
		for _, key := range found {
			if !yield(key, nil) {
				return
			}
		}
	}
}

func (c *crowdOf) sources(_ context.Context, key string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if place, is := c.places[key]; is {
			yield("place:"+place, nil)
		}
	}
}

func hearers(c *crowdOf) timakgorm.Audience {
	return timakgorm.Audience{Name: "hearers", Key: "user:{}:heard", Max: 5, Keys: c.keys, Sources: c.sources}
}

func heard(t *testing.T, dialect string, of timakgorm.Audience) *world.World {
	t.Helper()
	return world.New(t, world.Setup{Dialect: dialect, Models: []any{&Shout{}}, Tracked: []any{&Shout{}, of}})
}

func shout(id uint, place string) *Shout {
	return &Shout{ID: id, Place: place, CreatedAt: world.At(int(id))}
}

// An audience that a function names gets what is published, edited and deleted; what the
// function says anew comes by Rebuild.
func TestFunction(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		c := &crowdOf{places: map[string]string{"user:1:heard": "inn", "user:2:heard": "inn", "user:3:heard": "mill"}}
		w := heard(t, dialect, hearers(c))
		w.Must(w.DB.Create([]*Shout{shout(1, "inn"), shout(2, "mill"), shout(3, "inn"), shout(4, "nowhere")}).Error)
		w.WantIDs("user:1:heard", "shouts:3", "shouts:1")
		w.WantIDs("user:2:heard", "shouts:3", "shouts:1")
		w.WantIDs("user:3:heard", "shouts:2")
		w.Must(w.DB.Model(&Shout{ID: 3}).Update("place", "mill").Error)
		w.Must(w.DB.Delete(&Shout{}, 1).Error)
		w.WantIDs("user:2:heard")
		w.WantIDs("user:3:heard", "shouts:3", "shouts:2")

		c.move("user:3:heard", "inn")
		w.Must(w.DB.Create(shout(5, "inn")).Error)
		w.WantIDs("user:3:heard", "shouts:5", "shouts:3", "shouts:2")
		keys := []string{"user:1:heard", "user:2:heard", "user:3:heard"}
		report, err := w.Plugin.Verify(t.Context(), timakgorm.VerifyOptions{Keys: keys})
		if w.Must(err); report.Extra != 2 || report.Found() != 2 {
			t.Errorf("got %+v, want the two of the mill to be extra", report)
		}
		c.move("user:1:heard", "mill")
		report, err = w.Plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{Keys: keys})
		if w.Must(err); !report.Clean() {
			t.Errorf("Rebuild: got %+v", report)
		}
		w.WantIDs("user:1:heard", "shouts:3", "shouts:2")
		w.WantIDs("user:3:heard", "shouts:5")
		if w.Outbox() > 0 || w.Dead() > 0 {
			t.Errorf("%d changes wait, %d are dead", w.Outbox(), w.Dead())
		}
	})
}

// A timeline of such an audience is bounded, and its pages go on in the tables.
func TestFunction_page(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		c := &crowdOf{places: map[string]string{"user:1:heard": "inn"}}
		w := heard(t, dialect, hearers(c))
		var want []string
		for id := uint(1); id <= 12; id++ {
			w.Must(w.DB.Create(shout(id, "inn")).Error)
			want = append(want, fmt.Sprint("shouts:", 13-id))
		}
		w.Drain()
		if n := len(w.IDs("user:1:heard")); n != 5 {
			t.Errorf("the timeline has %d items, want 5", n)
		}
		var got []string
		query := timak.Query{Limit: 4}
		for more := true; more; {
			page, err := w.Plugin.Page(t.Context(), "user:1:heard", query)
			w.Must(err)
			for _, item := range page.Items {
				got = append(got, item.ID)
			}
			more, query.Cursor = page.More, page.Next
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

// A wide one is told in parts, and a function that fails is asked again where it was.
func TestFunction_wide(t *testing.T) {
	t.Parallel()
	c := &crowdOf{places: map[string]string{}, fails: 2}
	const many = 2300 // a few parts
	for n := range many {
		c.places[fmt.Sprintf("user:%d:heard", n)] = "inn"
	}
	w := heard(t, "postgres", hearers(c))
	w.Must(w.DB.Create(shout(1, "inn")).Error)
	w.Drain()
	for key := range c.places {
		if got := w.IDs(key); !slices.Equal(got, []string{"shouts:1"}) {
			t.Fatalf("%s: got %v", key, got)
		}
	}
	if c.fails > 0 || w.Outbox() > 0 || w.Dead() > 0 {
		t.Errorf("%d failures are left, %d changes wait, %d are dead", c.fails, w.Outbox(), w.Dead())
	}
}

// Without a reverse, what needs one says so; the rest works.
func TestFunction_noReverse(t *testing.T) {
	t.Parallel()
	c := &crowdOf{places: map[string]string{"user:1:heard": "inn"}}
	of := hearers(c)
	of.Sources = nil
	w := heard(t, "sqlite", of)
	for id := uint(1); id <= 7; id++ {
		w.Must(w.DB.Create(shout(id, "inn")).Error)
	}
	w.WantIDs("user:1:heard", "shouts:7", "shouts:6", "shouts:5", "shouts:4", "shouts:3")
	if _, err := w.Plugin.Page(t.Context(), "user:1:heard", timak.Query{Limit: 3}); err != nil {
		t.Errorf("a page of the timeline: %v", err)
	}
	keys := []string{"user:1:heard"}
	_, page := w.Plugin.Page(t.Context(), "user:1:heard", timak.Query{Limit: 9})
	_, verify := w.Plugin.Verify(t.Context(), timakgorm.VerifyOptions{Keys: keys})
	_, rebuild := w.Plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{Keys: keys})
	for _, err := range []error{page, verify, rebuild} {
		if !errors.Is(err, timakgorm.ErrNoReverse) || !strings.Contains(err.Error(), `"hearers"`) {
			t.Errorf("got %v, want ErrNoReverse and the audience", err)
		}
	}
}
