// Command timak looks into stores of timelines, and carries timelines from one store to
// another, or to a file and back. Run timak -h.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/redis/go-redis/v9/logging"
	"golang.org/x/term"
)

func main() {
	logging.Disable() // of go-redis: its errors are returned, and printed once
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		cancel(stopped{<-signals})
		signal.Stop(signals) // a second one ends the program at once
	}()
	os.Exit(run(ctx, shell{
		args:     os.Args[1:],
		getenv:   os.Getenv,
		out:      os.Stdout,
		err:      os.Stderr,
		terminal: term.IsTerminal(int(os.Stderr.Fd())),
	}))
}

// stopped is why a context ends by a signal.
type stopped struct{ signal os.Signal }

func (s stopped) Error() string { return "stopped by signal: " + s.signal.String() }

// code is the exit code of a program that a signal has stopped.
func (s stopped) code() int {
	if number, ok := s.signal.(syscall.Signal); ok {
		return 128 + int(number)
	}
	return codeError
}
