package drivertest_test

import (
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/memstore"
)

// A brokenLister lists its keys wrongly, and is a correct store otherwise.
type brokenLister struct {
	*memstore.Store
	keys func(ctx context.Context, prefix, after string) iter.Seq2[string, error]
}

func (b *brokenLister) Keys(ctx context.Context, prefix, after string) iter.Seq2[string, error] {
	return b.keys(ctx, prefix, after)
}

// brokenListers each break one sentence of driver.Lister.
func brokenListers() map[string]brokenStore {
	return map[string]brokenStore{
		"lists in another order": {listsWrongly(func(keys []string, _ string) []string { slices.Reverse(keys); return keys }), []string{"ListsKeysInOrder", "ListsManyKeys"}},
		"lists keys twice":       {listsWrongly(func(keys []string, _ string) []string { return append(keys, keys...) }), []string{"ListsKeysInOrder"}},
		"lists the first page":   {listsWrongly(func(keys []string, _ string) []string { return keys[:min(len(keys), 1000)] }), []string{"ListsManyKeys"}},
		"lists after itself": {listsWrongly(func(keys []string, after string) []string {
			return slices.DeleteFunc(append([]string{after}, keys...), func(key string) bool { return key == "" })
		}), []string{"ListsKeysInOrder", "ListsManyKeys"}},
		"lists every prefix":        {listsEveryPrefix, []string{"ListsKeysInOrder"}},
		"lists from the start":      {listsFromTheStart, []string{"ListsKeysInOrder", "ListsManyKeys"}},
		"lists once":                {listsOnce, []string{"ListsAgain"}},
		"lists as before":           {listsAsBefore, []string{"ListsAgain"}},
		"lists on in the next":      {listsOnInTheNext, []string{"ListsAgain"}},
		"lists for the ended":       {listsForTheEnded, []string{"ListRefusesEndedContext"}},
		"lists nothing when closed": {listsNothingWhenClosed, []string{"ClosedStoreRefusesList"}},
	}
}

// listsWrongly returns a store that changes the keys of each listing.
func listsWrongly(change func(keys []string, after string) []string) func() driver.Store {
	return func() driver.Store {
		s := memstore.New()
		return &brokenLister{s, func(ctx context.Context, prefix, after string) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) {
				var keys []string
				for key, err := range s.Keys(ctx, prefix, after) {
					if err != nil {
						yield("", err)
						return
					}
					keys = append(keys, key)
				}
				for _, key := range change(keys, after) {
					if !yield(key, nil) {
						return
					}
				}
			}
		}}
	}
}

func listsEveryPrefix() driver.Store {
	s := memstore.New()
	return &brokenLister{s, func(ctx context.Context, prefix, after string) iter.Seq2[string, error] {
		return s.Keys(ctx, prefix[:min(len(prefix), 20)], after)
	}}
}

func listsFromTheStart() driver.Store {
	s := memstore.New()
	return &brokenLister{s, func(ctx context.Context, prefix, _ string) iter.Seq2[string, error] {
		return s.Keys(ctx, prefix, "")
	}}
}

// listsOnce has nothing for the second range over a sequence.
func listsOnce() driver.Store {
	s := memstore.New()
	return &brokenLister{s, func(ctx context.Context, prefix, after string) iter.Seq2[string, error] {
		complete := false
		return func(yield func(string, error) bool) {
			for key, err := range s.Keys(ctx, prefix, after) {
				if complete || !yield(key, err) {
					return
				}
			}
			complete = true
		}
	}}
}

// listsAsBefore has for each range what the first one had.
func listsAsBefore() driver.Store {
	s := memstore.New()
	return &brokenLister{s, func(ctx context.Context, prefix, after string) iter.Seq2[string, error] {
		var known []string
		return func(yield func(string, error) bool) {
			if known == nil {
				for key, err := range s.Keys(ctx, prefix, after) {
					if err != nil {
						yield("", err)
						return
					}
					known = append(known, key)
				}
			}
			for _, key := range known {
				if !yield(key, nil) {
					return
				}
			}
		}
	}}
}

// listsOnInTheNext goes on where a range that was stopped has stopped.
func listsOnInTheNext() driver.Store {
	s := memstore.New()
	return &brokenLister{s, func(ctx context.Context, prefix, after string) iter.Seq2[string, error] {
		last := after
		return func(yield func(string, error) bool) {
			for key, err := range s.Keys(ctx, prefix, last) {
				if last = key; !yield(key, err) {
					return
				}
			}
			last = after
		}
	}}
}

func listsForTheEnded() driver.Store {
	s := memstore.New()
	return &brokenLister{s, func(ctx context.Context, prefix, after string) iter.Seq2[string, error] {
		return s.Keys(context.WithoutCancel(ctx), prefix, after)
	}}
}

func listsNothingWhenClosed() driver.Store {
	s := memstore.New()
	return &brokenLister{s, func(ctx context.Context, prefix, after string) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			for key, err := range s.Keys(ctx, prefix, after) {
				if errors.Is(err, driver.ErrClosed) || !yield(key, err) {
					return
				}
			}
		}
	}}
}
