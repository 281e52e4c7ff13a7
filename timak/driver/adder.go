package driver

import "context"

// Adder is what a store can do besides, if another sibling costs it about what that value
// costs, however large those are that the key has already: boltstore, pgstore and
// redisstore can.
type Adder interface {
	// Add stores value beside all siblings, as Put does with a nil token: it replaces
	// nothing. The returned token covers value and the siblings that token covers. It
	// is nil unless the store can prove that these are there, and no others.
	//
	// A lost answer leaves one sibling more at most. The errors are those of Put.
	Add(ctx context.Context, key string, value []byte, token Token) (Token, error)

	// AddFrom returns how many bytes a key must have already for Add to cost less than
	// a Put of all of them. Where it is math.MaxInt, Add is never called: that is for
	// stores which pass calls on to another one that may be no Adder.
	AddFrom() int
}
