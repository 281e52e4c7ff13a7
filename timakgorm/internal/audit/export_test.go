package audit

import "context"

// InHaste returns a context in which a run looks at differences fewer times, for tests
// in which nobody is going to settle them.
func InHaste(ctx context.Context) context.Context {
	return context.WithValue(ctx, looksKey{}, 4)
}
