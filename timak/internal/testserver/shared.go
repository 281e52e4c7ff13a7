package testserver

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"
)

// StartTimeout is the longest that the start of a server may take. On two idle cores
// Postgres takes 0.6 s, and Redis 50 ms.
const StartTimeout = time.Minute

// Shared is the one server of a test binary, which starts when the first test asks for
// it.
type Shared struct {
	// Env is the environment variable with the address of a server to use instead of
	// starting one. Empty means the same as unset.
	Env string

	// Open starts a server. It returns its address, and what stops it and removes
	// its files.
	Open func(ctx context.Context) (address string, closeServer func() error, err error)

	// Tidy removes what killed test binaries have left on a server that Env names.
	Tidy func(ctx context.Context, address string) error

	once        sync.Once
	address     string
	closeServer func() error // nil if there is nothing to close
	err         error
}

// Address returns the server's address. It may be called from any number of goroutines.
func (s *Shared) Address() (string, error) {
	s.once.Do(func() { s.err = s.start() })
	return s.address, s.err
}

func (s *Shared) start() (err error) {
	// The context of the first test would be wrong: the server outlives that test.
	ctx, cancel := context.WithTimeout(context.Background(), StartTimeout)
	defer cancel()
	if s.address = os.Getenv(s.Env); s.address != "" {
		return s.Tidy(ctx, s.address)
	}
	s.address, s.closeServer, err = s.Open(ctx)
	return err
}

// Run runs tests, then closes the server, if it has started one. It returns the exit
// code.
func (s *Shared) Run(tests interface{ Run() int }) int {
	code := tests.Run()
	if s.closeServer == nil {
		return code
	}
	if err := s.closeServer(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	return code
}
