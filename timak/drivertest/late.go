package drivertest

import (
	"context"
	"sync"

	"github.com/timak-go/timak/timak/driver"
)

// Late is a driver.Store that passes its calls to another store, and delays some
// puts: those that Lose selects fail, and are carried out after the next put of
// their key that does not fail. Set Lose before the first call; after that the
// methods may be called from any number of goroutines.
type Late struct {
	driver.Store

	// Lose returns the error of the nth put, or nil to pass it on. The first put is
	// 1.
	Lose func(n int) error

	mu   sync.Mutex
	n    int
	held map[string][]heldPut
}

type heldPut struct {
	value []byte
	token driver.Token
}

// Put passes a put on, followed by the delayed puts of its key.
func (l *Late) Put(ctx context.Context, key string, value []byte, token driver.Token) (driver.Token, error) {
	if err := l.hold(key, heldPut{value, token}); err != nil {
		return nil, err
	}
	got, err := l.Store.Put(ctx, key, value, token)
	if err != nil {
		return nil, err
	}
	for _, late := range l.take(key) {
		if _, err := l.Store.Put(ctx, key, late.value, late.token); err != nil {
			return nil, err
		}
	}
	return got, nil
}

// hold keeps a put that must arrive late, and returns its error.
func (l *Late) hold(key string, put heldPut) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n++
	err := l.Lose(l.n)
	if err != nil {
		if l.held == nil {
			l.held = map[string][]heldPut{}
		}
		l.held[key] = append(l.held[key], put)
	}
	return err
}

func (l *Late) take(key string) []heldPut {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.held[key]
	delete(l.held, key)
	return all
}
