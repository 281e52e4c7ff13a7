package drivertest_test

import (
	"context"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/memstore"
)

// A brokenParter reads parts wrongly, and is a correct store otherwise.
type brokenParter struct {
	*memstore.Store
	change func(object driver.Object, length int) (driver.Object, bool)
	ended  bool // answers though its context has ended
	closed bool // answers though it is closed
}

func (b *brokenParter) GetPart(ctx context.Context, key string, length int) (driver.Object, bool, error) {
	if b.ended {
		ctx = context.WithoutCancel(ctx)
	}
	object, err := b.Get(ctx, key)
	if err != nil && b.closed {
		return driver.Object{}, true, nil
	}
	if err != nil {
		return driver.Object{}, false, err
	}
	object, whole := b.change(object, length)
	return object, whole, nil
}

// cut is right.
func cut(object driver.Object, length int) (driver.Object, bool) {
	if len(object.Siblings) != 1 || len(object.Siblings[0]) <= length {
		return object, true
	}
	return driver.Object{Siblings: [][]byte{object.Siblings[0][:length]}}, false
}

// cutAll is right, too.
func cutAll(object driver.Object, length int) (part driver.Object, whole bool) {
	whole = true
	for _, value := range object.Siblings {
		whole = whole && len(value) <= length
		part.Siblings = append(part.Siblings, value[:min(len(value), length)])
	}
	if whole {
		part.Token = object.Token
	}
	return part, whole
}

// brokenParters each break one sentence of driver.PartGetter.
func brokenParters() map[string]brokenStore {
	parter := func(change func(driver.Object, int) (driver.Object, bool)) func() driver.Store {
		return func() driver.Store { return &brokenParter{Store: memstore.New(), change: change} }
	}
	return map[string]brokenStore{
		"a part that is called whole": {parter(func(o driver.Object, n int) (driver.Object, bool) {
			o, _ = cut(o, n)
			return o, true
		}), []string{"PartIsTheBeginning"}},
		"a part that is too short": {parter(func(o driver.Object, n int) (driver.Object, bool) { return cut(o, n-1) }), []string{"PartIsTheBeginning"}},
		"the end": {parter(func(o driver.Object, n int) (driver.Object, bool) {
			part, whole := cut(o, n)
			if !whole {
				part.Siblings[0] = o.Siblings[0][len(o.Siblings[0])-n:]
			}
			return part, whole
		}), []string{"PartIsTheBeginning"}},
		"a part with a token": {parter(func(o driver.Object, n int) (driver.Object, bool) {
			part, whole := cut(o, n)
			part.Token = o.Token
			return part, whole
		}), []string{"PartIsTheBeginning"}},
		"shorter parts of siblings": {parter(func(o driver.Object, n int) (driver.Object, bool) {
			if len(o.Siblings) < 2 {
				return cut(o, n)
			}
			return cutAll(o, n-1)
		}), []string{"PartsOfSiblings"}},
		"one part of siblings": {parter(func(o driver.Object, n int) (driver.Object, bool) {
			o.Siblings = o.Siblings[:min(1, len(o.Siblings))]
			return cut(o, n)
		}), []string{"PartsOfSiblings"}},
		"parts of siblings with a token": {parter(func(o driver.Object, n int) (driver.Object, bool) {
			part, whole := cutAll(o, n)
			if len(o.Siblings) > 1 {
				part.Token = o.Token
			}
			return part, whole
		}), []string{"PartsOfSiblings"}},
		"parts of siblings that are called whole": {parter(func(o driver.Object, n int) (driver.Object, bool) {
			part, whole := cutAll(o, n)
			return part, whole || len(o.Siblings) > 1
		}), []string{"PartsOfSiblings"}},
		"a part for the ended": {func() driver.Store { return &brokenParter{memstore.New(), cut, true, false} }, []string{"PartRefusesEndedContext"}},
		"nothing when closed":  {func() driver.Store { return &brokenParter{memstore.New(), cut, false, true} }, []string{"ClosedStoreRefusesPart"}},
	}
}
