// Package driver is the contract between the timeline engine and a store.
//
// A store is a map from keys to siblings. It knows nothing about timelines: it
// keeps bytes, and it never loses a value that the writer's token does not cover.
// Package drivertest holds the tests that every store passes.
//
// Values are immutable. Those that Get returns and those passed to Put are shared:
// neither the store nor its caller may write to them.
package driver

import (
	"context"
	"errors"
	"iter"
)

// Token is a store's causal context: the siblings that a Get saw. Only the store
// that made it can interpret it, and it belongs to the one key it was read from. A
// nil Token covers nothing.
type Token []byte

// Object is what a store holds under a key. The zero Object is an absent key.
type Object struct {
	// Siblings are the concurrent values, in no particular order. Empty if the key
	// is absent. The caller must not change their bytes.
	Siblings [][]byte

	// Token covers exactly Siblings. It may be set on an absent key too, as a store
	// may remember a deletion.
	Token Token
}

// Store keeps siblings under keys. Its methods may be called from any number of
// goroutines at once. When its context ends, a method returns the context's error
// at once, and may or may not have taken effect.
type Store interface {
	// Get returns the siblings under key and the token that covers them. An
	// absent key is the zero Object and no error.
	Get(ctx context.Context, key string) (Object, error)

	// Put stores value and replaces exactly the siblings that token covers.
	// Siblings that it does not cover stay beside value; a nil token replaces
	// nothing. The store may keep value, so the caller must not change its bytes
	// afterwards.
	//
	// The returned token covers the value just put and nothing else. It is nil
	// unless the store can prove that this value is now the only sibling.
	//
	// After an error the value may or may not have been stored, or may be stored
	// later: read again. A lost answer leaves at most one sibling. A put covers
	// everything its writer put before, if its token is from that writer's last put
	// or from a Get that began after it. So n writers with one outstanding put each
	// leave at most n siblings, plus one for each lost answer, until a put has seen
	// them. When a store repeats a put because it got no answer, that counts as a
	// lost answer.
	Put(ctx context.Context, key string, value []byte, token Token) (Token, error)

	// Close releases what the store holds. Later calls return ErrClosed; a
	// second Close returns nil.
	Close() error
}

// Lister is what a store can do besides, if it can list its keys: memstore, boltstore,
// pgstore and redisstore can.
type Lister interface {
	// Keys returns the keys that begin with prefix and come after the key after, in
	// the order of their bytes. An empty prefix means all keys, an empty after the
	// first. To resume a listing, pass the last key that it returned as after.
	//
	// A key that is there all the time is listed exactly once, whatever is written
	// meanwhile; one that is added meanwhile may be missing. Keys are read in parts
	// as they are asked for, and the store may be used between them.
	//
	// An error is the last element, with an empty key. The errors are those of Get.
	// Each range over what Keys returns is a listing of its own, from the start.
	Keys(ctx context.Context, prefix, after string) iter.Seq2[string, error]
}

var (
	// ErrClosed is returned by every call on a store after its Close.
	ErrClosed = errors.New("store is closed")

	// ErrUnavailable is returned while a store cannot be reached or cannot
	// answer. The same call may work later.
	ErrUnavailable = errors.New("store is unavailable")

	// ErrTooLarge is returned when a store refuses a value because of its size.
	// Repeating the call never helps.
	ErrTooLarge = errors.New("value is too large for the store")

	// ErrToken is returned by Put for a token that the store did not make.
	ErrToken = errors.New("token was not made by this store")
)
