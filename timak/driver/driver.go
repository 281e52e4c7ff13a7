// Package driver is the contract between the timeline engine and a store.
//
// A store is a map from keys to siblings. It knows nothing of timelines: it
// keeps bytes, and it never loses a value that its writer's token did not
// cover. Package drivertest holds the tests that every store passes.
//
// Values never change: those that Get returns and those that Put is given are
// shared, and neither the store nor its caller writes into them any more.
package driver

import (
	"context"
	"errors"
)

// Token is a store's causal context: which siblings a Get saw. It is opaque to
// everybody but the store that made it, and belongs to the one key it was read
// from. A nil Token saw nothing.
type Token []byte

// Object is what a store holds under a key. The zero Object is an absent key.
type Object struct {
	// Siblings are the concurrent values, in no particular order. Empty if the
	// key is absent. Their bytes are not to be changed.
	Siblings [][]byte

	// Token covers exactly Siblings, and may be set on an absent key too (a
	// store may remember a deletion).
	Token Token
}

// Store keeps siblings under keys. Its methods may be called from any number
// of goroutines at once. A method whose context has ended returns the context's
// error, at once, and may or may not have taken effect.
type Store interface {
	// Get returns the siblings under key and the token that covers them. An
	// absent key is the zero Object and no error.
	Get(ctx context.Context, key string) (Object, error)

	// Put stores value, replacing exactly the siblings that token saw. Siblings
	// that token did not see stay beside it; a nil token replaces nothing. The
	// store may keep value, whose bytes are not to be changed any more.
	//
	// The token it returns covers the value just put, and nothing else: it is
	// nil unless the store can prove that this value is now the only sibling.
	//
	// After an error the value may or may not have been stored, or may be yet:
	// read again. So a lost answer leaves at most one sibling. A put covers all
	// that its writer has put before, if the token is from its last put, or from
	// a Get that began after that: so n writers with one put at a time under way
	// leave at most n siblings, and one more for each answer that was lost, until
	// a put has seen them. A store that sends a put again, because it got no
	// answer, has lost one.
	Put(ctx context.Context, key string, value []byte, token Token) (Token, error)

	// Close releases what the store holds. Later calls return ErrClosed; a
	// second Close returns nil.
	Close() error
}

var (
	// ErrClosed is returned by every call on a store after its Close.
	ErrClosed = errors.New("store is closed")

	// ErrUnavailable is returned while a store cannot be reached or cannot
	// answer. The same call may work later.
	ErrUnavailable = errors.New("store is unavailable")

	// ErrTooLarge is returned when a store refuses a value for its size. The
	// same call never works.
	ErrTooLarge = errors.New("value is too large for the store")

	// ErrToken is returned by a Put whose token the store did not make.
	ErrToken = errors.New("token was not made by this store")
)
