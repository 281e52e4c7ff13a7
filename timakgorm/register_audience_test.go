package timakgorm_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// Reader subscribes, by rules of its own.
type Reader struct {
	ID       uint
	AuthorID uint
	Muted    bool
}

// subscribes is a subscription of readers to authors, changed.
func subscribes(change func(r *timakgorm.Rule)) any {
	r := timakgorm.Rule{Subscribes: true, Audience: "fans", Key: "reader:{ID}", Source: "author:{AuthorID}"}
	change(&r)
	return timakgorm.Track[Reader](r)
}

// publishes is a publication of posts by authors, changed.
func publishes(change func(r *timakgorm.Rule), more ...timakgorm.Rule) any {
	r := timakgorm.Rule{Audience: "fans", Source: "author:{AuthorID}"}
	change(&r)
	return timakgorm.Track[world.Post](append(more, r)...)
}

func same(*timakgorm.Rule) {}

// TestRegister_audiences: a rule that Register refuses by itself.
func TestRegister_audiences(t *testing.T) {
	t.Parallel()
	const dates = "id, date and data are options of the rules that publish: expected audience, key, source, when, max or copy"
	for _, b := range []broken{
		{subscribes(func(r *timakgorm.Rule) { r.Audience = "" }), "no audience: expected audience=…, the name that rules publish in"},
		{subscribes(func(r *timakgorm.Rule) { r.Audience = "fans:{ID}" }), "audience=fans:{ID}: an audience has one name for all rows: expected the {Field} in source=…"},
		{publishes(func(r *timakgorm.Rule) { r.Audience = "fans:{ID}" }), "audience=fans:{ID}: an audience has one name for all rows: expected the {Field} in source=…"},
		{subscribes(func(r *timakgorm.Rule) { r.Key = "" }), "no key: expected key=…, such as key=user:{FollowerID}:home"},
		{subscribes(func(r *timakgorm.Rule) { r.Source = "" }), "no source: expected source=…, such as source=author:{AuthorID}"},
		{subscribes(func(r *timakgorm.Rule) { r.ID = "{ID}" }), dates},
		{subscribes(func(r *timakgorm.Rule) { r.Date = "ID" }), dates},
		{subscribes(func(r *timakgorm.Rule) { r.Data = []string{"ID"} }), dates},
		{subscribes(func(r *timakgorm.Rule) { r.Max = -1 }), "max=-1: expected a number of items, at least 1"},
		{subscribes(func(r *timakgorm.Rule) { r.Copy = -1 }), "copy=-1: expected a number of items, at least 1"},
		{publishes(func(r *timakgorm.Rule) { r.Copy = 5 }), "copy=… is an option of subscriptions: expected none here"},
		{subscribes(func(r *timakgorm.Rule) { r.When = "ID" }), "when: field ID is a uint: expected a bool"},
		{publishes(func(r *timakgorm.Rule) { r.Key = "x" }), "key=… and audience=…: expected one of them: a subscription has both"},
		{publishes(func(r *timakgorm.Rule) { r.Source = "" }), "no source: expected source=…, such as source=author:{AuthorID}, that subscriptions name"},
		{publishes(func(r *timakgorm.Rule) { r.Max = 5 }), "max=… is an option of the subscriptions to an audience, whose timelines they are"},
		{
			publishes(same, timakgorm.Rule{Audience: "fans", Source: "author:{AuthorID}", When: "Published"}),
			"an earlier rule publishes the same source in the same audience: expected one rule per source",
		},
	} {
		err := world.NewPlugin(t).Register(b.model)
		if err == nil || !hasSuffix(err, b.want) {
			t.Errorf("got %v, want an error that ends with %q", err, b.want)
		}
	}
}

func hasSuffix(err error, text string) bool {
	got := err.Error()
	return len(got) >= len(text) && got[len(got)-len(text):] == text
}

// TestUse_audiences: rules that can never meet, or that would take away each other's
// items.
func TestUse_audiences(t *testing.T) {
	t.Parallel()
	key := func(key, source string) timakgorm.Rule { return timakgorm.Rule{Key: key, Source: source} }
	const beside = "Reader subscribes timelines key=reader:{ID} to source=author:{AuthorID}, and Post puts items on them by "
	for want, models := range map[string][]any{
		`timakgorm: audience "fans": Post publishes in it, and nobody subscribes: expected a timakgorm.Subscription of that audience in a registered model`: {
			publishes(same),
		},
		`timakgorm: audience "fans": Reader subscribes to it, and nobody publishes: expected a timakgorm.Timeline of that audience in a registered model`: {
			subscribes(same),
		},
		`timakgorm: audience "fans": Reader subscribes to source=writer:{AuthorID}, which none of its publications can have: expected one such as author:{AuthorID}`: {
			subscribes(func(r *timakgorm.Rule) { r.Source = "writer:{AuthorID}" }), publishes(same),
		},
		`timakgorm: audience "fans": Post publishes source=tag:{Title}, to which none of its subscriptions can subscribe: expected one such as author:{AuthorID}`: {
			subscribes(same), publishes(same, timakgorm.Rule{Audience: "fans", Source: "tag:{Title}"}),
		},
		`timakgorm: audience "fans": ` + beside + `key=reader:{AuthorID} with source=: expected a source=… in that rule which no subscription can have`: {
			subscribes(same), publishes(same, key("reader:{AuthorID}", "")),
		},
		`timakgorm: audience "fans": ` + beside + `key=reader:{AuthorID} with source={Title}:{ID}: expected a source=… in that rule which no subscription can have`: {
			subscribes(same), publishes(same, key("reader:{AuthorID}", "{Title}:{ID}")),
		},
		`timakgorm: audience "fans": Reader subscribes timelines key=reader:{ID} to source=author:{AuthorID}, and Reader does so in audience "friends": expected different texts of source=… in each audience, such as fans:author:{AuthorID}`: {
			timakgorm.Track[Reader](
				timakgorm.Rule{Subscribes: true, Audience: "fans", Key: "reader:{ID}", Source: "author:{AuthorID}"},
				timakgorm.Rule{Subscribes: true, Audience: "friends", Key: "reader:{ID}", Source: "author:{AuthorID}"},
			),
			publishes(same, timakgorm.Rule{Audience: "friends", Source: "author:{AuthorID}"}),
		},
		"": {
			subscribes(same),
			publishes(same, key("reader:{AuthorID}", "self"), key("author:{AuthorID}", "")),
		},
	} {
		plugin, db := world.NewPlugin(t), world.OpenDB(t, "sqlite", nil)
		err := errors.Join(db.AutoMigrate(&Reader{}, &world.Post{}), timakgorm.Migrate(t.Context(), db), plugin.Register(models...))
		if err != nil {
			t.Fatal(err)
		}
		if err = db.Use(plugin); want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("got\n\t%v\nwant\n\t%s", err, want)
		}
	}
}

// Photo is on the timelines of posts.
type Photo struct {
	ID        uint
	AuthorID  uint
	Name      string
	CreatedAt time.Time
}

// TestUse_ids: rows of two tables cannot be one item of a timeline because they have the
// same number.
func TestUse_ids(t *testing.T) {
	t.Parallel()
	const refused = "timakgorm: Photo and Post put items on the same timeline by id=%[1]s and id=%[2]s, so that rows with equal numbers would be one item: expected a text that tells them apart, such as id=photos:%[1]s, or no id=…"
	feed := timakgorm.Rule{Audience: "fans", Source: "author:{AuthorID}"}
	for _, c := range []struct {
		about       string
		photo, post timakgorm.Rule // with these ids
		ids         [2]string
		refused     bool
	}{
		{"in an audience", feed, feed, [2]string{"{ID}", "{ID}"}, true},
		{"under a key", timakgorm.Rule{Key: "author:{AuthorID}"}, timakgorm.Rule{Key: "author:{ID}"}, [2]string{"{ID}", "{ID}"}, true},
		{"under a key of a subscription", timakgorm.Rule{Key: "reader:{AuthorID}", Source: "own"}, feed, [2]string{"{ID}", "{AuthorID}"}, true},
		{"of two numbers", feed, feed, [2]string{"{AuthorID}:{ID}", "{AuthorID}:{ID}"}, true},
		{"one and two numbers", feed, feed, [2]string{"{AuthorID}:{ID}", "{ID}"}, false},
		{"by default in one", feed, feed, [2]string{"", "{ID}"}, false},
		{"with a text in one", feed, feed, [2]string{"photo:{ID}", "{ID}"}, false},
		{"with the same text, which is meant", feed, feed, [2]string{"story:{ID}", "story:{ID}"}, false},
		{"a text", feed, feed, [2]string{"{Name}", "{ID}"}, false},
		{"on other timelines", timakgorm.Rule{Key: "photos"}, feed, [2]string{"{ID}", "{ID}"}, false},
	} {
		c.photo.ID, c.post.ID = c.ids[0], c.ids[1]
		plugin, db := world.NewPlugin(t), world.OpenDB(t, "sqlite", nil)
		models := []any{timakgorm.Track[Photo](c.photo), timakgorm.Track[world.Post](c.post)}
		if c.photo.Audience+c.post.Audience != "" {
			models = append(models, subscribes(same))
		}
		err := errors.Join(db.AutoMigrate(&Reader{}, &world.Post{}, &Photo{}), timakgorm.Migrate(t.Context(), db), plugin.Register(models...))
		if err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf(refused, c.ids[0], c.ids[1])
		if err := db.Use(plugin); c.refused && (err == nil || err.Error() != want) || !c.refused && err != nil {
			t.Errorf("%s: got\n\t%v\nwant, if it is refused,\n\t%s", c.about, err, want)
		}
	}
}

// TestRegister_twoDates: an item of a row cannot be on a timeline by two dates: where it is
// would depend on who subscribed to what first.
func TestRegister_twoDates(t *testing.T) {
	t.Parallel()
	byDate := func(r timakgorm.Rule) timakgorm.Rule {
		r.Date = "UpdatedAt"
		return r
	}
	other := timakgorm.Rule{Audience: "fans", Source: "author:{ID}"}
	alone := timakgorm.Rule{Key: "author:{AuthorID}:changes", Source: "change", Date: "UpdatedAt"}
	onFeeds := timakgorm.Rule{Key: "reader:{AuthorID}", Source: "own", Date: "UpdatedAt"}
	renamed := onFeeds
	renamed.ID = "changed:{ID}"
	const want = "expected the same date=…, or another id=… in one of them"
	for _, c := range []struct {
		want  string
		rules []timakgorm.Rule
	}{
		{want, []timakgorm.Rule{byDate(other)}},
		{want, []timakgorm.Rule{onFeeds}},
		{"", []timakgorm.Rule{other}},
		{"", []timakgorm.Rule{alone}},
		{"", []timakgorm.Rule{renamed}},
	} {
		plugin := world.NewPlugin(t)
		err := plugin.Register(subscribes(same), publishes(same, c.rules...))
		if err == nil {
			err = world.OpenDB(t, "sqlite", nil).Use(plugin)
		}
		if c.want == "" && err != nil || c.want != "" && (err == nil || !hasSuffix(err, c.want)) {
			t.Errorf("%v: got %v, want an error that ends with %q", c.rules, err, c.want)
		}
	}
}
