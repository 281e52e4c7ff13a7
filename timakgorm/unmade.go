package timakgorm

import (
	"context"
	"slices"
	"strings"
	"sync"
)

// unmade says once that a key was asked for that no rule makes, and under which nothing is
// so far: most likely another key was meant. An application may have timelines beside those of
// its rules, so it is no error.
type unmade struct{ page, watch sync.Once }

func (p *Plugin) sayUnmade(ctx context.Context, once *sync.Once, asked, key string) {
	once.Do(func() {
		p.opts.Logger.WarnContext(ctx, "timak: "+asked+"; this is said once",
			"key", key, "rules", strings.Join(p.keys(), ", "))
	})
}

// keys returns the templates of the keys that rules make.
func (p *Plugin) keys() []string {
	var keys []string
	for _, t := range p.tables.Sorted() {
		for _, r := range t.Model.Rules {
			keys = append(keys, r.Key.String())
		}
		for _, s := range t.Model.Subscriptions {
			keys = append(keys, s.Key.String())
		}
	}
	for _, f := range p.functions {
		keys = append(keys, f.Key.String())
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
