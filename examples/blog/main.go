// Command blog is a blog for several people, with a JSON API and HTML pages,
// whose lists of posts and comments are timelines.
//
//	go run ./examples/blog
//
// keeps everything in ./blog-data: its tables in SQLite, its timelines in a
// boltstore. With -postgres, -redis and -riak they are kept on servers. See README.md in
// this folder.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/redis/go-redis/v9/logging"
)

func main() {
	logging.Disable() // the client's errors are returned, and reported where they are handled
	signaled, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithCancel(context.Background())
	context.AfterFunc(signaled, func() {
		restore() // so that a second signal ends the program at once
		cancel()
	})
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}
