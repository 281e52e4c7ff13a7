package memstore

import (
	"context"
	"fmt"

	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timak/internal/siblings"
)

// Adder is a Store that is a driver.Adder too. Memory gains nothing by that: an Adder is for
// tests of what is to run over a store that is one, such as pgstore or redisstore.
type Adder struct {
	*Store

	// From is what AddFrom returns.
	From int
}

var _ driver.Adder = Adder{}

// NewAdder returns an empty Adder, which is added to whatever the size of a value.
func NewAdder() Adder { return Adder{Store: New()} }

// AddFrom returns From.
func (a Adder) AddFrom() int { return a.From }

// Add stores value beside all siblings; see driver.Adder. It returns a token whenever token
// covers all others.
func (a Adder) Add(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	got, err := a.change(ctx, key, func(before siblings.Record) (siblings.Record, driver.Token, error) {
		return before.Add(value, token)
	})
	if err != nil {
		return nil, fmt.Errorf("memstore: add %q: %w", key, err)
	}
	return got, nil
}
