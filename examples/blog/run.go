package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"syscall"

	"github.com/timak-go/timak/examples/blog/internal/web"
)

// run is the program: it runs the command in args and returns the exit code.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	if len(args) > 0 && (args[0] == verify || args[0] == rebuild) {
		return runCheck(ctx, args[0], args[1:], getenv, stdout, stderr)
	}
	if len(args) > 0 && args[0] == seedCommand {
		return runSeed(ctx, args[1:], getenv, stdout, stderr)
	}
	c, err := parseConfig(args, getenv, stdout, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	log := c.format.logger(stderr)
	err = serve(ctx, c, stdout, log)
	if err == nil || errors.Is(err, context.Canceled) { // stopped before it had started
		return 0
	}
	say(stderr, "blog: %v", err)
	return 1
}

// serve opens everything, serves until ctx ends, and closes everything.
func serve(ctx context.Context, c config, stdout io.Writer, log *slog.Logger) error {
	return withBlog(ctx, c, log, func(o opened) error {
		if err := o.begin(ctx); err != nil {
			return err
		}
		return o.serve(ctx, c, stdout, log)
	})
}

func (o opened) serve(ctx context.Context, c config, stdout io.Writer, log *slog.Logger) error {
	return o.withMetrics(ctx, &c, log, func() error {
		listener, err := listen(ctx, c.addr, "-addr")
		if err != nil {
			return err
		}
		say(stdout, "blog: listening on http://%s (%s)", listener.Addr(), c.storage)
		stopping := make(chan struct{})
		c.web.Logger, c.web.Access, c.web.Live.Stopping = log, log, stopping
		server := newServer(listener, web.New(o.blog, &c.web), log)
		server.http.RegisterOnShutdown(func() { close(stopping) })
		return server.run(ctx, o, c.stopWait)
	})
}

// listen listens on an address, which a flag has given.
func listen(ctx context.Context, addr, flagName string) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use by another program: stop it, or choose another address with %s", addr, flagName)
	}
	return listener, err
}
