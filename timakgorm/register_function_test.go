package timakgorm_test

import (
	"context"
	"iter"
	"testing"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

func nobody(context.Context, string, string) iter.Seq2[string, error] {
	return func(func(string, error) bool) {}
}

// TestRegister_function: an audience that is a function is refused if it can come to
// nothing.
func TestRegister_function(t *testing.T) {
	t.Parallel()
	fans := timakgorm.Audience{Name: "fans", Key: "user:{}:home", Keys: nobody}
	changed := func(change func(a *timakgorm.Audience)) timakgorm.Audience {
		a := fans
		change(&a)
		return a
	}
	published := publishes(same)
	for _, c := range []struct {
		want  string
		given []any
	}{
		{"no Name: expected the one that rules publish in", []any{changed(func(a *timakgorm.Audience) { a.Name = "" })}},
		{"no Key: expected a template such as user:{}:nearby", []any{changed(func(a *timakgorm.Audience) { a.Key = "" })}},
		{`"user:{" has an unclosed {: expected {Field}`, []any{changed(func(a *timakgorm.Audience) { a.Key = "user:{" })}},
		{"no Keys: expected a function that names timelines", []any{changed(func(a *timakgorm.Audience) { a.Keys = nil })}},
		{"got Max -1: expected a number of items, at least 1, or 0 for the engine's", []any{changed(func(a *timakgorm.Audience) { a.Max = -1 })}},
		{`audience "fans" is registered twice`, []any{fans, fans}},
		{"and nobody publishes: expected a timakgorm.Timeline of that audience in a registered model", []any{&world.Post{}, fans}},
		{"and a function names its timelines: expected one of them", []any{published, subscribes(func(*timakgorm.Rule) {}), fans}},
		{"", []any{published, fans}},
	} {
		plugin := world.NewPlugin(t)
		err := plugin.Register(c.given...)
		if err == nil {
			err = world.OpenDB(t, "sqlite", nil).Use(plugin)
		}
		if c.want == "" && err != nil || c.want != "" && (err == nil || !hasSuffix(err, c.want)) {
			t.Errorf("got %v, want an error that ends with %q", err, c.want)
		}
	}
}
