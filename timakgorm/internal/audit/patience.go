package audit

import "context"

// patience is how often a run tries what others may settle meanwhile.
type patience struct {
	looks int // at a difference that is in doubt
	turns int // of draining the outbox for rows that were recorded anew
	tries int // of locking rows that others hold
}

// usual is the patience of a run: some seconds with each difference, as a relay of
// another process looks at the outbox once a second.
var usual = patience{looks: 9, turns: 12, tries: 5}

type patienceKey struct{}

// InHaste returns a context in which a run has little patience, for tests in which
// nobody is going to settle anything.
func InHaste(ctx context.Context) context.Context {
	return context.WithValue(ctx, patienceKey{}, patience{looks: 4, turns: 2, tries: 2})
}

func patienceOf(ctx context.Context) patience {
	if p, set := ctx.Value(patienceKey{}).(patience); set {
		return p
	}
	return usual
}
